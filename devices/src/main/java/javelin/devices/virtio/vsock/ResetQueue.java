package javelin.devices.virtio.vsock;

/**
 * Resets that answer packets of no connection, until the driver has a buffer for them: a ring of
 * bounded length. Guarded by the lock of its {@link Connections}.
 */
final class ResetQueue {
  private static final int CAPACITY = 128;

  private final long[] cids = new long[CAPACITY];
  private final int[] hostPorts = new int[CAPACITY];
  private final int[] guestPorts = new int[CAPACITY];
  private final int[] types = new int[CAPACITY];
  private int first;
  private int count;

  boolean isEmpty() {
    return count == 0;
  }

  boolean isFull() {
    return count == CAPACITY;
  }

  /** Adds the answer to a packet; there must be room. */
  void answer(PacketHeader packet) {
    int at = (first + count) % CAPACITY;
    cids[at] = packet.targetCid();
    hostPorts[at] = packet.targetPort();
    guestPorts[at] = packet.sourcePort();
    types[at] = packet.type();
    count++;
  }

  /** Takes the oldest one out, into {@code header}; there must be one. */
  void take(PacketHeader header, long guestCid) {
    header
        .address(cids[first], hostPorts[first], guestCid, guestPorts[first])
        .operation(types[first], PacketHeader.RST, 0);
    first = (first + 1) % CAPACITY;
    count--;
  }

  void clear() {
    count = 0;
  }
}
