package javelin.devices.virtio.vsock;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import javelin.devices.virtio.VirtioState;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.StateBench;
import javelin.vmm.event.EventLoop;
import javelin.vmm.memory.GuestMemory;

/** A socket device with its driver, on real sockets; the test is both guest and host. */
final class VsockBench implements AutoCloseable {
  static final long CID = 3;
  static final int RING = 64;
  static final int BUFFER = 4096 + 44;

  private static final int TO_GUEST = 0;
  private static final int FROM_GUEST = 1;
  private static final long SENT = 0x4_0000;
  private static final long MOST_SENT = 0x4_0000;
  private static final long BUFFERS = StateBench.BUFFERS;

  private final StateBench bench;
  final GuestMemory memory;
  final EventLoop loop;
  final VirtioState state;
  final Path path;
  final List<String> problems;
  ModelRing toGuest;
  ModelRing fromGuest;
  private int taken;

  VsockBench(Path folder) {
    path = folder.resolve("v.sock");
    bench =
        new StateBench(
            "vsock test", machine -> new VirtioVsock(machine.loop, CID, path.toString()));
    memory = bench.memory;
    loop = bench.loop;
    state = bench.state;
    problems = bench.problems;
  }

  /** Negotiates and enables the queues, with {@code buffers} buffers for packets. */
  VsockBench start(int buffers) {
    bench.start(0, RING);
    toGuest = bench.rings.get(TO_GUEST);
    fromGuest = bench.rings.get(FROM_GUEST);
    taken = 0;
    for (int i = 0; i < RING; i++) {
      toGuest.descriptor(i, BUFFERS + (long) BUFFER * i, BUFFER, ModelRing.WRITE, 0);
    }
    offer(buffers);
    return this;
  }

  private int offered() {
    return memory.readU16(toGuest.available() + 2);
  }

  /** Gives {@code count} buffers more; no more than there are. */
  void offer(int count) {
    for (int i = 0; i < count; i++) {
      toGuest.offer(offered() & RING - 1);
    }
    state.kick(TO_GUEST);
  }

  /** Sends a packet and returns once the device has taken it. */
  void send(GuestPacket packet) {
    sendLater(packet);
    await(() -> fromGuest.usedIndex() == memory.readU16(fromGuest.available() + 2));
  }

  void sendLater(GuestPacket packet) {
    memory.writeU64(SENT, packet.sourceCid);
    memory.writeU64(SENT + 8, packet.targetCid);
    memory.writeU32(SENT + 16, packet.sourcePort);
    memory.writeU32(SENT + 20, packet.targetPort);
    memory.writeU32(SENT + 24, packet.length);
    memory.writeU16(SENT + 28, packet.type);
    memory.writeU16(SENT + 30, packet.operation);
    memory.writeU32(SENT + 32, packet.flags);
    memory.writeU32(SENT + 36, packet.room);
    memory.writeU32(SENT + 40, packet.forwarded);
    int length = packet.payload.length;
    if (length > MOST_SENT) {
      throw new AssertionError("too long a payload for the bench");
    }
    memory.write(SENT + 44, packet.payload);
    if (length == 0) {
      fromGuest.send(1, SENT, 44);
    } else {
      fromGuest.send(2, SENT, 44, SENT + 44, length);
    }
    state.kick(FROM_GUEST);
  }

  /** The next packet, whose buffer goes back to the device; waits for it. */
  GuestPacket receive() {
    GuestPacket packet = receiveAndKeep();
    offer(1);
    return packet;
  }

  /** As {@link #receive}, without giving the buffer back. */
  GuestPacket receiveAndKeep() {
    await(() -> toGuest.usedIndex() != taken);
    long at = BUFFERS + (long) BUFFER * toGuest.usedHead(taken);
    int written = (int) toGuest.usedWritten(taken);
    taken = taken + 1 & 0xffff;
    byte[] payload = new byte[written - 44];
    memory.read(at + 44, payload, 0, payload.length);
    return GuestPacket.of(
            memory.readU16(at + 30),
            (int) memory.readU32(at + 16),
            (int) memory.readU32(at + 20),
            payload)
        .cids(memory.readU64(at), memory.readU64(at + 8))
        .length(memory.readU32(at + 24))
        .type(memory.readU16(at + 28))
        .flags((int) memory.readU32(at + 32))
        .credit(memory.readU32(at + 36), memory.readU32(at + 40));
  }

  /** Whether no packet has come that was not received; of what is signalled so far. */
  boolean isQuiet() {
    return toGuest.usedIndex() == taken;
  }

  /** The payload of the packets up to {@code length} bytes. */
  byte[] receiveBytes(int length) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (bytes.size() < length) {
      GuestPacket packet = receive();
      if (packet.operation != GuestPacket.RW) {
        throw new AssertionError(packet.text());
      }
      bytes.writeBytes(packet.payload);
    }
    return bytes.toByteArray();
  }

  void await(BooleanSupplier condition) {
    bench.await(condition);
  }

  /** A program of the host's that listens for connections of the guest's to {@code port}. */
  ServerSocketChannel listen(int port) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(path + "_" + Integer.toUnsignedString(port)));
    return server;
  }

  /** A program of the host's that has connected to the device's socket. */
  SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  static void write(SocketChannel channel, String text) throws IOException {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /** Reads {@code length} bytes, or to the end. */
  static byte[] read(SocketChannel channel, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
      // Read on.
    }
    byte[] result = new byte[bytes.position()];
    bytes.flip().get(result);
    return result;
  }

  static String text(SocketChannel channel, int length) throws IOException {
    return new String(read(channel, length), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    bench.close();
  }
}
