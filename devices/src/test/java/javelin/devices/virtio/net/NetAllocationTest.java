package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteOrder;
import java.nio.file.Path;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The loops allocate nothing for a packet, on a real socket. */
@Timeout(60)
@OnBothLayouts
class NetAllocationTest {
  private static final int ROUNDS = 2_000;

  /** What the measurement itself may cost, far below one per packet. */
  private static final long NOISE_BYTES = 4096;

  private static final int SIZE = 64;
  private static final long BUFFERS = 0x10_0000;
  private static final int FRAME = 1500;
  private static final String LOOP = "virtio net allocation test";

  @TempDir Path folder;

  private final Linux linux = Linux.system();
  private final Syscalls syscalls = linux.syscalls();
  private final GuestMemory memory = new GuestMemory();
  private final UnsafeBuffer bytes = NativeMemory.allocate(4 + FRAME);

  private static final class Transport implements VirtioTransport {
    private QueueRunner runner;

    @Override
    public void kick(int index) {
      runner.kick();
    }

    @Override
    public EventFd event(int index) {
      return runner.event();
    }

    @Override
    public void serve(int index) {
      runner.serveNow();
    }

    @Override
    public void configChanged() {}

    @Override
    public void report(String problem) {
      throw new AssertionError(problem);
    }
  }

  private record Owner(EventFd message) implements QueueRunner.Owner {
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

  private Fd listen(String path) {
    UnsafeBuffer address = NativeMemory.allocate(110);
    address.putShort(0, (short) 1);
    address.putStringWithoutLengthAscii(2, path);
    Fd fd = linux.own(syscalls.socket(1, 1 | Linux.O_CLOEXEC, 0), "socket", path);
    Linux.check(syscalls.bind(fd.number(), address.addressOffset(), 110), "bind", path);
    Linux.check(syscalls.listen(fd.number(), 1), "listen", path);
    return fd;
  }

  private void expectNoAllocation(int index) {
    String path = folder.resolve("net").toString();
    try (GuestRam ram = GuestRam.create(linux, RamConfig.of(4 << 20), memory);
        Fd listener = listen(path);
        EventLoop loop = new EventLoop(linux, LOOP);
        VirtioNet device =
            new VirtioNet(
                StreamBackend.connect(linux, path), MacAddress.derive("test"), queue -> loop);
        Fd peer = linux.own(syscalls.accept(listener.number(), Linux.O_CLOEXEC), "accept", path);
        EventFd message = linux.eventFd()) {
      assertThat(ram).isNotNull();
      Transport transport = new Transport();
      try (QueueRunner runner =
          new QueueRunner(index, device.handler(index, transport), new Owner(message), loop)) {
        transport.runner = runner;
        device.negotiated(NetFeature.MRG_RXBUF);
        ModelRing ring = ModelRing.of(memory, 0x1_0000, SIZE);
        runner.start(RingLayout.current().queue(memory, ring, true, true));
        move(runner, ring, peer, index, 0); // Loads classes.
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getThreadAllocatedBytes(loopThread());
        assertThat(before).as("the loop's own start").isPositive();
        move(runner, ring, peer, index, ROUNDS);
        assertThat(threads.getThreadAllocatedBytes(loopThread()) - before).isLessThan(NOISE_BYTES);
        assertThat(ring.usedIndex()).isEqualTo(2 * ROUNDS);
      }
    }
  }

  private static long loopThread() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(LOOP))
        .findFirst()
        .orElseThrow()
        .getId();
  }

  private void move(QueueRunner runner, ModelRing ring, Fd peer, int index, int from) {
    for (int i = from; i < from + ROUNDS; i++) {
      ring.wantNextInterrupt();
      ring.send(index == 0 ? 0 : 1, BUFFERS + 2048L * (i & SIZE - 1), 12 + FRAME);
      runner.kick();
      if (index == 0) {
        bytes.putInt(0, FRAME, ByteOrder.BIG_ENDIAN);
        assertThat(syscalls.write(peer.number(), bytes.addressOffset(), 4 + FRAME))
            .isEqualTo(4 + FRAME);
      } else {
        for (int left = 4 + FRAME; left > 0; ) {
          left -= (int) syscalls.read(peer.number(), bytes.addressOffset(), left);
        }
      }
      while (ring.usedIndex() != i + 1) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void shouldAllocateNothingForAReceivedPacket() {
    expectNoAllocation(0);
  }

  @Test
  void shouldAllocateNothingForASentPacket() {
    expectNoAllocation(1);
  }
}
