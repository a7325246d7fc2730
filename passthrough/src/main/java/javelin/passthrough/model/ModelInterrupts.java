package javelin.passthrough.model;

import java.util.Arrays;
import java.util.List;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;

/**
 * Interrupts as vfio-pci has them: one kind at a time is on; INTx masks itself when it fires, and
 * fires again when it is unmasked while its pin is asserted.
 *
 * <p>The device's lock guards it; {@code lock} is that lock.
 */
final class ModelInterrupts {
  private static final int OFF = -1;

  private final String name;
  private final ModelShape shape;
  private final EventLoop loop;
  private final SignalGate gate;
  private final Object lock;

  /** The kind that is on. */
  private int current = OFF;

  private EventFd[] events = {};
  private boolean isAsserted;
  private boolean isDisabled;
  private boolean isMasked;
  private EventFd unmasker;
  private EventLoop.Watch unmaskWatch;

  ModelInterrupts(String name, ModelShape shape, EventLoop loop, SignalGate gate, Object lock) {
    this.name = name;
    this.shape = shape;
    this.loop = loop;
    this.gate = gate;
    this.lock = lock;
  }

  boolean isOn(int irq) {
    return current == irq;
  }

  void trigger(int irq, int start, List<EventFd> fds) {
    int end = start + fds.size();
    boolean isOther = current != OFF && current != irq;
    boolean grows = current == irq && end > events.length;
    if (isOther || end > shape.irq(irq).count() || (grows && shape.irq(irq).isFixedWhileOn())) {
      throw refused("trigger");
    }
    current = irq;
    events = Arrays.copyOf(events, Math.max(events.length, end));
    for (int i = 0; i < fds.size(); i++) {
      events[start + i] = fds.get(i);
    }
    fire();
  }

  void disable(int irq) {
    if (current != irq) {
      throw refused("disable");
    }
    current = OFF;
    events = new EventFd[0];
    isMasked = false;
    unmaskBy(null);
  }

  void silence() {
    if (current != OFF) {
      disable(current);
    }
  }

  void mask() {
    requireIntx("mask");
    isMasked = true;
  }

  void unmask() {
    requireIntx("unmask");
    isMasked = false;
    fire();
  }

  /** Null for none. */
  void unmaskBy(EventFd event) {
    if (unmaskWatch != null) {
      unmaskWatch.close();
      unmaskWatch = null;
    }
    unmasker = event;
    if (event != null) {
      requireIntx("unmask eventfd");
      unmaskWatch = loop.watch(event.fd(), EventLoop.READABLE, ready -> unmaskSignalled(event));
    }
  }

  private void unmaskSignalled(EventFd event) {
    synchronized (lock) {
      // It may be closed where it is no longer ours.
      if (unmasker == event && event.drain() > 0) {
        isMasked = false;
        fire();
      }
    }
  }

  private void requireIntx(String what) {
    if (current != VfioIrq.INTX) {
      throw refused(what);
    }
  }

  private ErrnoException refused(String what) {
    return new ErrnoException("VFIO_DEVICE_SET_IRQS " + what, name, Errno.EINVAL.number());
  }

  boolean isAsserted() {
    return isAsserted;
  }

  void pin(boolean nowAsserted) {
    isAsserted = nowAsserted;
    fire();
  }

  /** Follows the bit of the command register that keeps the pin still. */
  void pinDisabled(boolean nowDisabled) {
    isDisabled = nowDisabled;
    fire();
  }

  private void fire() {
    if (current == VfioIrq.INTX && isAsserted && !isDisabled && !isMasked && events[0] != null) {
      isMasked = true;
      gate.signal(events[0]);
    }
  }

  /** The kernel's loopback: without a look at the pin. */
  void signal(int irq, int vector) {
    if (current != irq) {
      throw refused("trigger");
    }
    message(irq, vector);
  }

  void message(int irq, int vector) {
    if (current == irq && vector >= 0 && vector < events.length && events[vector] != null) {
      gate.signal(events[vector]);
    }
  }
}
