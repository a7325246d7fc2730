package javelin.devices.virtio;

import javelin.vmm.linux.EventFd;

/** The interrupts that a transport has. Any thread may call; neither allocates nor throws. */
public interface VirtioInterrupts {
  /** The driver is to look at queue {@code index}. */
  void queue(int index);

  /**
   * What raises the interrupt of queue {@code index} without this object, as things are now; null
   * where nothing does.
   */
  default EventFd event(int index) {
    return null;
  }

  /** The driver is to look at the configuration and the status. */
  void config();
}
