package javelin.devices.virtio.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.FakeChannel;

/** A network device with its driver in a faked machine; the test is the network. */
final class NetBench implements AutoCloseable {
  static final int HEADER = 12;
  static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");
  static final int RING = 64;

  private static final long RINGS = 0x1_0000;
  private static final long BUFFERS = 0x10_0000;

  /** Where packets to send are, one at a time. */
  static final long SENT = 0x8_0000;

  final VirtioBench bench;
  final ModelDriver driver;
  final List<FakeChannel> peers = new ArrayList<>();
  final List<ModelRing> rings = new ArrayList<>();

  private EventLoop sending;

  /** Where the next receive buffer goes. */
  private long nextBuffer = BUFFERS;

  /** By head, of the one receive queue that the test reads: address of the buffer. */
  private final long[] addresses = new long[RING];

  private final long[] lengths = new long[RING];
  private int taken;

  private NetBench(boolean isStream, int pairs) {
    for (int i = 0; i < pairs; i++) {
      peers.add(new FakeChannel(isStream));
    }
    bench =
        new VirtioBench(
            machine -> {
              NetBackend backend;
              if (isStream) {
                machine.syscalls.answer(
                    "socket", arguments -> machine.syscalls.openChannel(peers.get(0)));
                backend = StreamBackend.connect(machine.linux, "/run/net");
              } else {
                machine.syscalls.channels(TapBackend.DEVICE, peers);
                backend = TapBackend.open(machine.linux, "tap0", pairs);
              }
              return new VirtioNet(backend, MAC, queue -> loop(machine, queue));
            });
    driver = bench.driver();
  }

  /** A descriptor can be watched once on a loop, so what is sent is watched on another one. */
  private EventLoop loop(VirtioBench machine, int queue) {
    if (queue % 2 == 0) {
      return machine.loop;
    }
    if (sending == null) {
      sending = new EventLoop(machine.linux, "virtio test, sending");
    }
    return sending;
  }

  static NetBench tap(int pairs) {
    return new NetBench(false, pairs);
  }

  static NetBench stream() {
    return new NetBench(true, 1);
  }

  /** Negotiates, and enables the first {@code queues} queues. */
  NetBench start(long features, int queues) {
    rings.clear();
    nextBuffer = BUFFERS;
    taken = 0;
    if (!driver.negotiate(features | ModelDriver.VERSION_1)) {
      throw new AssertionError("the device refuses the features");
    }
    driver.useMessages();
    long at = RINGS;
    for (int i = 0; i < queues; i++) {
      ModelRing ring = ModelRing.of(bench.memory, at, RING);
      at = ring.end();
      rings.add(ring);
      driver.queue(i, ring);
    }
    driver.ready();
    bench.settle();
    return this;
  }

  ModelRing receive() {
    return rings.get(0);
  }

  ModelRing transmit() {
    return rings.get(1);
  }

  FakeChannel peer() {
    return peers.get(0);
  }

  /** Offers {@code count} receive buffers of {@code length} bytes, and notifies. */
  void offer(int count, int length) {
    for (int i = 0; i < count; i++) {
      if (nextBuffer + length > VirtioBench.RAM) {
        nextBuffer = BUFFERS;
      }
      int head = receive().send(0, nextBuffer, length);
      addresses[head] = nextBuffer;
      lengths[head] = length;
      nextBuffer += length;
    }
    driver.notify(0);
  }

  /** Sends a frame in buffers of the given sizes, the header in the first one; notifies. */
  void send(byte[] header, byte[] frame, int... sizes) {
    byte[] bytes = concat(header, frame);
    bench.memory.write(SENT, bytes, 0, bytes.length);
    long[] buffers = new long[2 * sizes.length];
    long at = SENT;
    for (int i = 0; i < sizes.length; i++) {
      buffers[2 * i] = at;
      buffers[2 * i + 1] = sizes[i];
      at += sizes[i];
    }
    transmit().send(sizes.length, buffers);
    driver.notify(1);
  }

  void send(byte[] frame) {
    send(new byte[HEADER], frame, HEADER + frame.length);
  }

  /** Has bytes come from the host, and the device look. */
  void arrive(byte... bytes) {
    bench.syscalls.change(() -> peer().arrive(bytes));
    bench.settle();
  }

  /** The next packet that the driver gets, header included; waits for it. */
  byte[] packet() {
    await(() -> received() != taken);
    byte[] packet = {};
    int buffers = 1;
    for (int i = 0; i < buffers; i++) {
      int head = receive().usedHead(taken);
      int written = (int) receive().usedWritten(taken);
      byte[] part = new byte[written];
      bench.memory.read(addresses[head], part, 0, written);
      packet = concat(packet, part);
      taken++;
      if (i == 0) {
        buffers = (packet[10] & 0xff) | (packet[11] & 0xff) << 8;
      }
      if (i + 1 < buffers && written != lengths[head]) {
        throw new AssertionError("a buffer that is not the last one has room left");
      }
    }
    return packet;
  }

  private int received() {
    return receive().usedIndex();
  }

  /** Receive buffers that came back and were not looked at. */
  int unread() {
    return (received() - taken) & 0xffff;
  }

  void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("this does not come: " + bench.problems);
      }
      bench.settle();
    }
  }

  static byte[] frame(SplittableRandom random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  static byte[] concat(byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    byte[] bytes = new byte[length];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, bytes, at, part.length);
      at += part.length;
    }
    return bytes;
  }

  /** A frame as it is on a stream. */
  static byte[] framed(byte[] frame) {
    int n = frame.length;
    return concat(
        new byte[] {(byte) (n >> 24), (byte) (n >> 16), (byte) (n >> 8), (byte) n}, frame);
  }

  @Override
  public void close() {
    sending.close();
    bench.close();
  }
}
