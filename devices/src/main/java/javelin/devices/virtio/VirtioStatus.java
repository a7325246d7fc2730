package javelin.devices.virtio;

/** Bits of the device status (virtio 1.2, 2.1). */
public final class VirtioStatus {
  public static final int ACKNOWLEDGE = 1;
  public static final int DRIVER = 2;
  public static final int DRIVER_OK = 4;
  public static final int FEATURES_OK = 8;
  public static final int NEEDS_RESET = 64;
  public static final int FAILED = 128;

  /** What the driver sets; the rest is the device's. */
  static final int OF_DRIVER = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED;

  private VirtioStatus() {}
}
