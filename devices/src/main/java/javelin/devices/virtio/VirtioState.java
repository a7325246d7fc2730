package javelin.devices.virtio;

import static javelin.devices.virtio.VirtioStatus.DRIVER_OK;
import static javelin.devices.virtio.VirtioStatus.FEATURES_OK;
import static javelin.devices.virtio.VirtioStatus.NEEDS_RESET;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;

/**
 * A device between reset and reset: its status, the features that were negotiated, and its queues
 * (virtio 1.2, 2.1 to 2.6 and 3.1). A transport maps its registers to these methods.
 *
 * <p>Threads: vCPUs set up under this object's lock; the queues are served on event loops under
 * locks of what serves them, which are taken inside this one. The status alone is changed by both
 * sides, and so is atomic. A reset waits for the requests that are being served; when it has
 * returned, the device does not touch guest RAM.
 */
public final class VirtioState implements VirtioTransport, AutoCloseable {
  /** The most queues that a device may have. */
  public static final int MAX_QUEUES = 64;

  private final VirtioKind device;
  private final VirtioInterrupts interrupts;
  private final Consumer<String> reports;
  private final long offered;
  private final QueueRegisters[] registers;
  private final QueueService[] services;
  private final Resources owned = new Resources();
  private final AtomicInteger status = new AtomicInteger();
  private final AtomicInteger generation = new AtomicInteger();
  private volatile boolean mayAccessMemory;
  private long accepted;

  /**
   * A device at power-on.
   *
   * @param loops what serves each queue, by its index
   * @param problems told, in a line, what went wrong
   */
  public VirtioState(
      VirtioKind device,
      GuestMemory memory,
      IntFunction<EventLoop> loops,
      VirtioInterrupts interrupts,
      Consumer<String> problems) {
    this(device, 0, memory, loops, interrupts, problems);
  }

  /**
   * As above.
   *
   * @param withheld features of all kinds of devices that are not offered
   */
  public VirtioState(
      VirtioKind device,
      long withheld,
      GuestMemory memory,
      IntFunction<EventLoop> loops,
      VirtioInterrupts interrupts,
      Consumer<String> problems) {
    this.device = device;
    this.interrupts = interrupts;
    reports = problems;
    offered = device.features() | (device.queueFeatures() & ~withheld);
    registers = new QueueRegisters[device.queues()];
    Arrays.setAll(registers, i -> new QueueRegisters(device.queueSize()));
    services = new QueueService[device.queues()];
    owned.own(device);
    try {
      for (int i = 0; i < services.length; i++) {
        QueueContext context = new QueueContext(memory, this, new RingOwner(), loops.apply(i));
        services[i] = owned.own(device.service(i, context));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private final class RingOwner implements QueueRunner.Owner {
    @Override
    public boolean isServing() {
      return mayAccessMemory && (status.get() & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK;
    }

    @Override
    public void interrupt(int index) {
      interrupts.queue(index);
    }

    @Override
    public void broken(int index, String problem) {
      VirtioState.this.broken(
          "queue " + index + " is broken until the guest resets the device: " + problem);
    }
  }

  @Override
  public void broken(String problem) {
    status.getAndUpdate(bits -> bits | NEEDS_RESET);
    report(problem);
    interrupts.config();
  }

  @Override
  public EventFd interruptEvent(int index) {
    return interrupts.event(index);
  }

  @Override
  public void kick(int index) {
    services[index].kick();
  }

  @Override
  public void serve(int index) {
    services[index].serveNow();
  }

  @Override
  public void configChanged() {
    generation.incrementAndGet();
    if ((status.get() & DRIVER_OK) != 0) {
      interrupts.config();
    }
  }

  /** Changes whenever the configuration space has changed of itself. */
  public int generation() {
    return generation.get();
  }

  @Override
  public void report(String problem) {
    reports.accept(problem);
  }

  /** What the driver's notifications of queue {@code index} signal, too. */
  @Override
  public EventFd event(int index) {
    return services[index].event();
  }

  /** Lets the device access guest RAM, or keeps it from that; at power-on it may not. */
  public synchronized void mayAccessMemory(boolean may) {
    if (may == mayAccessMemory) {
      return;
    }
    mayAccessMemory = may;
    for (QueueService service : services) {
      if (may) {
        service.resume();
      } else {
        service.pause();
      }
    }
  }

  /** Number of queues. */
  public int queues() {
    return registers.length;
  }

  /** The features that the device offers. */
  public long offered() {
    return offered;
  }

  /** The features that the driver accepts. */
  public synchronized long accepted() {
    return accepted;
  }

  /** The driver accepts {@code features}; too late once it has said that these are all. */
  public synchronized void accept(long features) {
    if ((status.get() & FEATURES_OK) == 0) {
      accepted = features;
    }
  }

  /** The status; 0 once a reset is over. */
  public int status() {
    return status.get();
  }

  /** The driver writes {@code value} to the status: 0 is a reset, bits are only ever added. */
  public synchronized void status(int value) {
    if (value == 0) {
      reset();
      return;
    }
    int added = value & VirtioStatus.OF_DRIVER & ~status.get();
    if ((added & FEATURES_OK) != 0 && !isAcceptable()) {
      added &= ~FEATURES_OK;
    }
    if (((status.get() | added) & FEATURES_OK) == 0) {
      added &= ~DRIVER_OK;
    }
    if ((added & FEATURES_OK) != 0) {
      device.negotiated(accepted);
    }
    int bits = added;
    status.getAndUpdate(before -> before | bits);
    if ((added & DRIVER_OK) != 0) {
      for (int i = 0; i < registers.length; i++) {
        if (registers[i].isEnabled()) {
          start(i);
        }
      }
    }
  }

  private boolean isAcceptable() {
    return (accepted & ~offered) == 0 && (accepted & VirtioFeature.VERSION_1) != 0;
  }

  /** Reads a register of queue {@code index}; 0 where there is no such queue. */
  public synchronized long read(int index, QueueRegister register) {
    return index < registers.length ? registers[index].read(register) : 0;
  }

  /**
   * Writes a register of queue {@code index}, which does nothing where there is no such queue or
   * the queue is enabled.
   *
   * @param mask the bits that are written
   */
  public synchronized void write(int index, QueueRegister register, long value, long mask) {
    if (index < registers.length) {
      registers[index].write(register, value, mask, isPacked());
    }
  }

  /** Whether rings are packed: known, and the same until the next reset, with FEATURES_OK. */
  private boolean isPacked() {
    return (status.get() & FEATURES_OK) != 0 && (accepted & VirtioFeature.RING_PACKED) != 0;
  }

  /** Enables queue {@code index}. */
  public synchronized void enable(int index) {
    if (index < registers.length && !registers[index].isEnabled()) {
      registers[index].enable();
      if ((status.get() & DRIVER_OK) != 0) {
        start(index);
      }
    }
  }

  private void start(int index) {
    services[index].start(registers[index].ring(), accepted);
  }

  /**
   * Resets queue {@code index} alone (virtio 1.2, 2.6.1).
   *
   * @return whether that was negotiated, and there is such a queue
   */
  public synchronized boolean resetQueue(int index) {
    if (index >= registers.length || (accepted & VirtioFeature.RING_RESET) == 0) {
      return false;
    }
    services[index].stop();
    registers[index].reset();
    return true;
  }

  /** Back to power-on. */
  public synchronized void reset() {
    for (QueueService service : services) {
      service.stop();
    }
    for (QueueRegisters queue : registers) {
      queue.reset();
    }
    device.reset();
    accepted = 0;
    status.set(0);
  }

  /** Stops and closes the device. */
  @Override
  public synchronized void close() {
    status.set(0);
    owned.close();
  }
}
