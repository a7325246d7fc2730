package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntConsumer;
import javelin.devices.console.FileBackend;
import javelin.devices.console.SerialBackend;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.balloon.VirtioBalloon;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.blk.RawDisk;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.devices.virtio.blk.nbd.FakeNbdServer;
import javelin.devices.virtio.blk.nbd.NbdDisk;
import javelin.devices.virtio.console.VirtioConsole;
import javelin.devices.virtio.rng.VirtioRng;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.IoUring;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The loop allocates nothing for a request, from the notification to the interrupt. */
@OnBothLayouts
class QueueAllocationTest extends RamTestBench {
  private static final int ROUNDS = 2_000;

  /** What the measurement itself may cost, far below one per request. */
  private static final long NOISE_BYTES = 4096;

  private static final long HEADERS = TABLE;
  private static final long STATUS = TABLE + 0x800;
  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int FLUSH = 4;

  private static final String LOOP = "virtio allocation test";

  @TempDir Path folder;

  private ModelRing ring;

  private final Linux linux = Linux.system();
  private final Silent transport = new Silent();

  private static final class Silent implements VirtioTransport {
    volatile QueueRunner runner;

    @Override
    public void kick(int index) {
      QueueRunner kicked = runner;
      if (kicked != null) {
        kicked.kick();
      }
    }

    @Override
    public void configChanged() {}

    @Override
    public EventFd event(int index) {
      return runner.event();
    }

    @Override
    public void serve(int index) {}

    @Override
    public void report(String problem) {
      throw new AssertionError(problem);
    }
  }

  /** Interrupts as a transport with messages does. */
  private static final class Owner implements QueueRunner.Owner {
    private final EventFd message;

    Owner(EventFd message) {
      this.message = message;
    }

    @Override
    public boolean isServing() {
      return true;
    }

    @Override
    public void interrupt(int index) {
      message.signal();
    }

    @Override
    public void broken(int index, String problem) {
      throw new AssertionError(problem);
    }
  }

  /** Of two requests in turn, queue {@code index} of {@code device} allocates for none. */
  private void expectNoAllocation(
      VirtioDevice device, long features, int index, EventLoop loop, IntConsumer send) {
    ring = ModelRing.of(memory, RING, SIZE);
    try (EventFd message = linux.eventFd();
        QueueRunner runner =
            new QueueRunner(index, device.handler(index, transport), new Owner(message), loop)) {
      transport.runner = runner;
      device.negotiated(features);
      runner.start(RingLayout.current().queue(memory, ring, true, true));
      serve(runner, 0, send); // Loads classes and makes the requests.
      long before = allocated();
      assertThat(before).as("the loop's own start").isPositive();
      serve(runner, ROUNDS, send);
      assertThat(allocated() - before).as(device.name()).isLessThan(NOISE_BYTES);
      assertThat(ring.usedIndex()).isEqualTo(2 * ROUNDS & 0xffff);
    }
  }

  /** Bytes that the queue's loop has allocated, and where there is one that of a server's disk. */
  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(LOOP) || thread.getName().startsWith("nbd "))
        .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getId()))
        .sum();
  }

  /** Makes both requests in turn, and has the loop serve them. */
  private void serve(QueueRunner runner, int from, IntConsumer send) {
    for (int i = from; i < from + ROUNDS; i++) {
      ring.wantNextInterrupt();
      send.accept(i & 1);
      runner.kick();
      while (ring.usedIndex() != (i + 1 & 0xffff)) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void shouldAllocateNothingForARequestForEntropy() {
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioRng rng = new VirtioRng(loop, 1 << 30, System::nanoTime)) {
      expectNoAllocation(rng, 0, 0, loop, which -> ring.send(0, BUFFER, 64));
    }
  }

  private void block(int type) {
    long header = HEADERS + 16L * type;
    memory.writeU32(header, type);
    memory.writeU64(header + 8, type);
    int readable = type == READ ? 1 : 3;
    ring.send(readable, header, 16, BUFFER, 512, BUFFER + 0x1000, 1024, STATUS, 1);
  }

  private void expectNoAllocationOfDisk(RawDisk.Aio aio, int other) throws IOException {
    assumeTrue(aio != RawDisk.Aio.URING || IoUring.isAvailable(linux), "no io_uring here");
    String file = Files.write(folder.resolve("disk.img"), new byte[1 << 16]).toString();
    RawDisk disk = new RawDisk(linux.open(file, Linux.O_RDWR), false, false, aio);
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioBlk device = new VirtioBlk(disk, "", 1)) {
      expectNoAllocation(device, 1 << 9, 0, loop, which -> block(which == 0 ? READ : other));
    }
    assertThat(memory.readU8(STATUS)).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void shouldAllocateNothingForReadsAndWritesOfADisk(RawDisk.Aio aio) throws IOException {
    expectNoAllocationOfDisk(aio, WRITE);
  }

  @ParameterizedTest
  @EnumSource
  void shouldAllocateNothingForFlushes(RawDisk.Aio aio) throws IOException {
    expectNoAllocationOfDisk(aio, FLUSH);
  }

  @Test
  void shouldAllocateNothingForADiskOnAServer() throws IOException {
    Path file = Files.write(folder.resolve("disk.img"), new byte[1 << 16]);
    for (int other : new int[] {WRITE, FLUSH}) {
      // Each read is of three parts.
      try (FakeNbdServer server = new FakeNbdServer(file).mostData(512).start();
          EventLoop loop = new EventLoop(linux, LOOP);
          VirtioBlk device =
              new VirtioBlk(
                  NbdDisk.open(linux, server.address(), false, 1, transport::report), "", 1)) {
        expectNoAllocation(device, 1 << 9, 0, loop, which -> block(which == 0 ? READ : other));
      }
      assertThat(memory.readU8(STATUS)).isZero();
    }
  }

  @Test
  void shouldAllocateNothingForOutputOfAConsole() {
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioConsole console =
            VirtioConsole.console(
                new FileBackend(
                    loop,
                    "/dev/null",
                    error -> {
                      throw new AssertionError(error);
                    }))) {
      console.handler(0, transport);
      expectNoAllocation(console, 0, 1, loop, which -> ring.send(1, BUFFER, 3000));
    }
  }

  /** Types whenever there is room. */
  private static final class Typist implements SerialBackend {
    private final byte[] bytes = new byte[100];
    private Port port = NO_PORT;

    @Override
    public void attach(Port newPort) {
      port = newPort;
    }

    @Override
    public boolean write(int value) {
      return true;
    }

    @Override
    public void inputWanted() {
      while (port.room() >= bytes.length) {
        port.receive(bytes, 0, bytes.length);
      }
    }

    @Override
    public void close() {}
  }

  @Test
  void shouldAllocateNothingForInputOfAConsole() {
    Typist typist = new Typist();
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioConsole console = VirtioConsole.console(typist)) {
      expectNoAllocation(console, 0, 0, loop, which -> ring.send(0, BUFFER, 64));
    }
  }

  @Test
  void shouldAllocateNothingForPagesInAndOutOfABalloon() {
    long page = RAM / 4096 - 1;
    for (int i = 0; i < 16; i++) {
      memory.writeU32(BUFFER + 4L * i, page - 2L * i);
    }
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioBalloon balloon = new VirtioBalloon(memory, linux.syscalls(), 0)) {
      expectNoAllocation(balloon, 0, 0, loop, which -> ring.send(1, BUFFER, 64));
    }
  }

  @Test
  void shouldAllocateNothingForReportsOfFreePages() {
    try (EventLoop loop = new EventLoop(linux, LOOP);
        VirtioBalloon balloon = new VirtioBalloon(memory, linux.syscalls(), 0)) {
      expectNoAllocation(balloon, 0, 4, loop, which -> ring.send(0, RAM - 0x4000, 0x4000));
    }
  }
}
