package javelin.perf.micro;

import java.util.function.Supplier;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A read of 4 KiB, in two buffers, from a disk that has done it as soon as it is asked: what the
 * queue's thread does for it from the moment when it is awake to the write that raises the
 * interrupt.
 */
public class BlkBenchmark extends MicroBenchmark {
  private static final int SIZE = 256;
  private static final long RING = 0x1000;
  private static final long HEADER = 0x10000;
  private static final long DATA = 0x20000;
  private static final long STATUS = 0x30000;
  private static final int BLOCK = 4096;
  private static final int HALF = BLOCK / 2;
  private static final int FLUSHES = 1 << 9;

  /** The ring's layout. */
  @Param public RingLayout layout;

  private final GuestMemory memory = new GuestMemory();
  private final Linux linux = Linux.system();
  private GuestRam ram;
  private EventLoop loop;
  private EventFd interrupt;
  private VirtioBlk device;
  private QueueRunner runner;
  private DriverRing driver;

  /** A disk without anything behind it. */
  private static final class NullDisk implements BlockBackend {
    @Override
    public long length() {
      return 1 << 20;
    }

    @Override
    public int logicalBlock() {
      return 512;
    }

    @Override
    public int physicalBlock() {
      return BLOCK;
    }

    @Override
    public boolean isReadOnly() {
      return false;
    }

    @Override
    public Channel channel(Supplier<EventFd> wake) {
      return request -> request.finish(0);
    }

    @Override
    public void close() {}
  }

  private final class Transport implements VirtioTransport, QueueRunner.Owner {
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
      throw new IllegalStateException(problem);
    }

    @Override
    public boolean isServing() {
      return true;
    }

    @Override
    public void interrupt(int index) {
      interrupt.signal();
    }

    @Override
    public void broken(int index, String problem) {
      throw new IllegalStateException(problem);
    }
  }

  /** Makes the device and its driver. */
  @Setup
  public void start() {
    ram = GuestRam.create(linux, RamConfig.of(2 << 20), memory);
    loop = new EventLoop(linux, "blk benchmark");
    interrupt = linux.eventFd();
    device = new VirtioBlk(new NullDisk(), "", 1);
    Transport transport = new Transport();
    runner = new QueueRunner(0, device.handler(0, transport), transport, loop);
    device.negotiated(FLUSHES);
    driver =
        layout.ring(
            memory, RING, SIZE, 1, HEADER, 16, DATA, HALF, DATA + HALF, BLOCK - HALF, STATUS, 1);
    runner.start(driver.device());
  }

  /** Takes them down. */
  @TearDown
  public void stop() {
    runner.close();
    loop.close();
    device.close();
    interrupt.close();
    ram.close();
  }

  /** One request, alone. */
  @Benchmark
  public void read() {
    driver.offer();
    runner.serveNow();
    if (!driver.takeBack()) {
      throw new IllegalStateException("a request does not come back");
    }
  }
}
