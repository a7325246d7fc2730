package javelin.passthrough.faults;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.vfio.ForwardingDevice;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import org.agrona.CloseHelper;

/**
 * A device, whichever back end it comes from, that does wrong on purpose. Accesses through mapped
 * BARs, and doorbells, pass it by; interrupts go through the event loop, if one is to be lost or
 * late.
 *
 * <p>Threads: as for any device; what belongs to the function's lock is guarded by this object's,
 * too, for the event loop's sake.
 */
public final class FaultyDevice extends ForwardingDevice {
  private static final long STALL_MILLIS = 1_000;

  /** An interrupt on its way from the device to who listens. */
  private static final class Relay implements AutoCloseable {
    final int irq;
    final int vector;
    final EventFd from;
    final EventFd to;
    EventLoop.Watch watch;
    boolean isClosed;

    Relay(int irq, int vector, EventFd from, EventFd to) {
      this.irq = irq;
      this.vector = vector;
      this.from = from;
      this.to = to;
    }

    @Override
    public void close() {
      isClosed = true;
      CloseHelper.closeAll(watch, from);
    }
  }

  private final Linux linux;
  private final EventLoop loop;
  private final Faults faults;
  private final List<Relay> relays = new ArrayList<>();
  private EventFd pin;
  private Runnable whenGone = () -> {};
  private volatile boolean isGone;

  /**
   * A device that does {@code faults}, and else what {@code device} does.
   *
   * @param device stays the caller's
   * @param loop runs what is late, and relays interrupts; stays the caller's
   */
  public FaultyDevice(Linux linux, VfioDevice device, List<Fault> faults, EventLoop loop) {
    super(device);
    this.linux = linux;
    this.loop = loop;
    this.faults = new Faults(faults, loop);
  }

  /** Whether the device answers the access that comes now. */
  private boolean answers(int region) {
    if (isGone) {
      return false;
    }
    try {
      if (faults.access(region)) {
        raisePin();
      }
      return true;
    } catch (Faults.Silence silence) {
      vanish(silence.isStall());
      return false;
    }
  }

  private void vanish(boolean afterAStall) {
    isGone = true;
    if (afterAStall) {
      try {
        Thread.sleep(STALL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    Runnable handler;
    synchronized (this) {
      handler = whenGone;
    }
    handler.run();
  }

  private synchronized void raisePin() {
    if (pin != null) {
      pin.signal();
    }
  }

  @Override
  public long read(int region, long offset, int size) {
    return answers(region) && !faults.isAllOnes(region)
        ? device.read(region, offset, size)
        : -1L >>> (Long.SIZE - size * Byte.SIZE);
  }

  @Override
  public void write(int region, long offset, int size, long value) {
    if (answers(region)) {
      device.write(region, offset, size, value);
    }
  }

  @Override
  public Mapping map(int region, long offset, long length) {
    int result = faults.map();
    if (result < 0) {
      throw new ErrnoException("mmap", name() + " region " + region, -result);
    }
    return device.map(region, offset, length);
  }

  @Override
  public synchronized void trigger(int irq, int start, List<EventFd> events) {
    if (isGone) {
      return;
    }
    if (irq == VfioIrq.INTX) {
      pin = events.get(0);
    }
    if (irq > VfioIrq.MSIX || !faults.concernInterrupts()) {
      device.trigger(irq, start, events);
      return;
    }
    List<EventFd> ours = new ArrayList<>();
    for (int i = 0; i < events.size(); i++) {
      ours.add(relayed(irq, start + i, events.get(i)));
    }
    device.trigger(irq, start, ours);
  }

  private EventFd relayed(int irq, int vector, EventFd to) {
    end(irq, vector, vector + 1);
    if (to == null) {
      return null;
    }
    Relay relay = new Relay(irq, vector, linux.eventFd(), to);
    relays.add(relay);
    relay.watch = loop.watch(relay.from.fd(), EventLoop.READABLE, events -> pass(relay));
    return relay.from;
  }

  /** The loop may call once more after the watch has been closed. */
  private synchronized void pass(Relay relay) {
    for (long i = relay.isClosed ? 0 : relay.from.drain(); i > 0; i--) {
      faults.signal(relay.to);
    }
  }

  private void end(int irq, int from, int to) {
    relays.removeIf(
        relay -> {
          boolean ends = relay.irq == irq && relay.vector >= from && relay.vector < to;
          if (ends) {
            relay.close();
          }
          return ends;
        });
  }

  @Override
  public synchronized void disable(int irq) {
    if (irq == VfioIrq.INTX) {
      pin = null;
    }
    try {
      if (!isGone) {
        device.disable(irq);
      }
    } finally {
      end(irq, 0, Integer.MAX_VALUE);
    }
  }

  @Override
  public void mask() {
    if (!isGone) {
      device.mask();
    }
  }

  @Override
  public void unmask() {
    if (!isGone) {
      device.unmask();
    }
  }

  @Override
  public void unmaskBy(EventFd event) {
    if (!isGone) {
      device.unmaskBy(event);
    }
  }

  @Override
  public void reset() {
    if (isGone) {
      return;
    }
    device.reset();
    if (faults.reset() < 0) {
      throw new ErrnoException("reset", name(), Errno.EIO.number());
    }
  }

  @Override
  public void resetBus() {
    if (!isGone) {
      device.resetBus();
    }
  }

  @Override
  public void whenGone(Runnable handler) {
    synchronized (this) {
      whenGone = handler;
    }
    device.whenGone(handler);
  }

  /** Ends what this object does; the device itself is closed by who has it. */
  @Override
  public synchronized void close() {
    relays.forEach(Relay::close);
    relays.clear();
    faults.close();
  }
}
