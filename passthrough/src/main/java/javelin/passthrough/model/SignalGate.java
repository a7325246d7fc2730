package javelin.passthrough.model;

import javelin.vmm.linux.EventFd;

/** What a device's interrupts go through on their way out. Called with the device's lock held. */
@FunctionalInterface
public interface SignalGate {
  /** Lets them all through. */
  SignalGate OPEN = EventFd::signal;

  /** The device signals {@code event}. */
  void signal(EventFd event);
}
