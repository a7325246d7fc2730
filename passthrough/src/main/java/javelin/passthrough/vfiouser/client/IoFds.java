package javelin.passthrough.vfiouser.client;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.vmm.linux.EventFd;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The ioeventfds that a server offers for a BAR (vfio-user, "VFIO_USER_DEVICE_GET_REGION_IO_FDS"),
 * each checked before it is believed.
 */
final class IoFds {
  /** The most that are taken of a BAR. */
  static final int MOST = 256;

  /** The longest answer. */
  static final int LONGEST = Payloads.IO_FDS_LENGTH + MOST * Payloads.IO_FD_LENGTH;

  private final UnsafeBuffer reply;
  private final VfioRegion region;
  private final boolean isPort;
  private final List<EventFd> events;
  private final List<VfioDoorbell> doorbells = new ArrayList<>();
  private int unknown;

  /**
   * @param reply the answer's payload
   * @param isPort whether it is an I/O BAR
   * @param events what came with the answer
   */
  IoFds(UnsafeBuffer reply, VfioRegion region, boolean isPort, List<EventFd> events) {
    this.reply = reply;
    this.region = region;
    this.isPort = isPort;
    this.events = events;
  }

  /**
   * Reads the answer.
   *
   * @throws PeerException where it says what cannot be
   */
  List<VfioDoorbell> read() {
    int length = reply.capacity();
    if (length < Payloads.IO_FDS_LENGTH) {
      throw new PeerException("answers with " + length + " bytes where ioeventfds were asked for");
    }
    long needed = Integer.toUnsignedLong(reply.getInt(VfioStructs.ARGSZ));
    long count = Integer.toUnsignedLong(reply.getInt(Payloads.IO_FDS_COUNT));
    if (reply.getInt(VfioStructs.INDEX) != region.index()) {
      throw lie("names another region");
    }
    if (count == 0) {
      return doorbells;
    }
    if (needed > LONGEST) {
      throw lie("has more than " + MOST);
    }
    // Entries of a later version may be longer.
    long stride = (needed - Payloads.IO_FDS_LENGTH) / count;
    if (stride < Payloads.IO_FD_LENGTH || Payloads.IO_FDS_LENGTH + count * stride > length) {
      throw lie("says " + count + " in " + length + " bytes");
    }
    for (int i = 0; i < count; i++) {
      readOne((int) (Payloads.IO_FDS_LENGTH + i * stride));
    }
    return doorbells;
  }

  /** How many there are of a kind that is not known here; the device's writes work without. */
  int unknown() {
    return unknown;
  }

  private PeerException lie(String what) {
    return new PeerException("lies about the ioeventfds of BAR " + region.index() + ": it " + what);
  }

  private void readOne(int at) {
    if (reply.getInt(at + Payloads.IO_FD_TYPE) != Payloads.IO_FD_IOEVENTFD) {
      unknown++;
      return;
    }
    long offset = reply.getLong(at);
    long size = reply.getLong(at + Payloads.IO_FD_SIZE);
    int flags = reply.getInt(at + Payloads.IO_FD_FLAGS);
    int index = reply.getInt(at + Payloads.IO_FD_INDEX);
    boolean isMatched = (flags & Payloads.IO_FD_DATAMATCH) != 0;
    if (size < 0 || size > Long.BYTES || Long.bitCount(size) > 1 || (isMatched && size == 0)) {
      throw lie(String.format("has one of 0x%x bytes", size));
    }
    if (offset < 0 || offset > region.size() - Math.max(1, size)) {
      throw lie(String.format("has one at 0x%x, outside the BAR", offset));
    }
    if ((flags & ~(Payloads.IO_FD_DATAMATCH | Payloads.IO_FD_PORT)) != 0
        || ((flags & Payloads.IO_FD_PORT) != 0) != isPort) {
      throw lie(String.format("has one at 0x%x with flags 0x%x", offset, flags));
    }
    if (index < 0 || index >= events.size()) {
      throw lie(String.format("has one at 0x%x without an eventfd", offset));
    }
    long match = isMatched ? low(reply.getLong(at + Payloads.IO_FD_MATCH), (int) size) : 0;
    VfioDoorbell doorbell =
        new VfioDoorbell(offset, (int) size, isMatched, match, events.get(index));
    if (doorbells.stream().anyMatch(other -> collide(other, doorbell))) {
      throw lie(String.format("has one at 0x%x that overlaps another", offset));
    }
    doorbells.add(doorbell);
  }

  private static long low(long value, int size) {
    return value & -1L >>> (Long.SIZE - size * Byte.SIZE);
  }

  /** Those of one register do not, where each is for a value of its own. */
  private static boolean collide(VfioDoorbell one, VfioDoorbell other) {
    boolean isOneRegister = one.offset() == other.offset() && one.length() == other.length();
    if (isOneRegister && one.isMatched() && other.isMatched()) {
      return one.match() == other.match();
    }
    return one.offset() < other.end() && other.offset() < one.end();
  }
}
