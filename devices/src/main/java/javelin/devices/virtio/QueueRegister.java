package javelin.devices.virtio;

/** What a driver sets up for a queue (virtio 1.2, 2.6 and 4.1.4.3). */
public enum QueueRegister {
  SIZE,
  ENABLED,
  DESCRIPTORS,
  DRIVER,
  DEVICE
}
