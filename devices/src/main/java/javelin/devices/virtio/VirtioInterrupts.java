package javelin.devices.virtio;

/** The interrupts that a transport has. Any thread may call; neither allocates nor throws. */
public interface VirtioInterrupts {
  /** The driver is to look at queue {@code index}. */
  void queue(int index);

  /** The driver is to look at the configuration and the status. */
  void config();
}
