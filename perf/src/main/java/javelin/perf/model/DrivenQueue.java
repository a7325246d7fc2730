package javelin.perf.model;

import java.util.function.Function;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.devices.virtio.rng.VirtioRng;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/**
 * Queue 0 of a virtio device with its driver, on the caller's thread: what the queue's own thread
 * does from the moment when it is awake to the write that raises the interrupt. For one thread.
 */
public final class DrivenQueue implements AutoCloseable {
  private static final int SIZE = 256;
  private static final long RING = 0x1000;
  private static final long HEADER = 0x10000;
  private static final long DATA = 0x20000;
  private static final long STATUS = 0x30000;
  private static final int HEADER_BYTES = 16;
  private static final int HALF = 2048;
  private static final int ENTROPY = 64;
  private static final int RAM = 2 << 20;

  /** VIRTIO_BLK_F_FLUSH; other devices have no such feature. */
  private static final long FLUSHES = 1 << 9;

  private final Resources owned = new Resources();
  private final GuestMemory memory = new GuestMemory();
  private final EventFd interrupt;
  private final QueueRunner runner;
  private final DriverRing driver;

  private DrivenQueue(
      RingLayout layout,
      Function<EventLoop, VirtioDevice> deviceOf,
      int writableFrom,
      long... request) {
    Linux linux = Linux.system();
    try {
      owned.own(GuestRam.create(linux, RamConfig.of(RAM), memory));
      EventLoop loop = owned.own(new EventLoop(linux, "driven queue"));
      interrupt = owned.own(linux.eventFd());
      VirtioDevice device = owned.own(deviceOf.apply(loop));
      Transport transport = new Transport();
      runner = owned.own(new QueueRunner(0, device.handler(0, transport), transport, loop));
      device.negotiated(FLUSHES);
      driver = layout.ring(memory, RING, SIZE, writableFrom, request);
      runner.start(driver.device());
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** Reads of 4 KiB, in two buffers, from a disk that has done each as soon as it is asked. */
  public static DrivenQueue disk(RingLayout layout) {
    return new DrivenQueue(
        layout,
        loop -> new VirtioBlk(new NullDisk(), "", 1),
        1,
        HEADER,
        HEADER_BYTES,
        DATA,
        HALF,
        DATA + HALF,
        HALF,
        STATUS,
        1);
  }

  /** Requests for 64 random bytes, which the host's kernel makes. */
  public static DrivenQueue entropy(RingLayout layout) {
    return new DrivenQueue(layout, loop -> new VirtioRng(loop), 0, DATA, ENTROPY);
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

  /** One request, from the driver's stores to its look at what came back. Allocates nothing. */
  public void request() {
    driver.offer();
    runner.serveNow();
    if (!driver.takeBack()) {
      throw new IllegalStateException("a request does not come back");
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
