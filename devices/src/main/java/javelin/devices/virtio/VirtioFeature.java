package javelin.devices.virtio;

/** Feature bits that belong to no kind of device, as masks (virtio 1.2, 6). */
public final class VirtioFeature {
  public static final long INDIRECT_DESC = 1L << 28;
  public static final long EVENT_IDX = 1L << 29;
  public static final long VERSION_1 = 1L << 32;
  public static final long RING_PACKED = 1L << 34;
  public static final long RING_RESET = 1L << 40;

  /** What every device of Javelin's offers, unless it is told to withhold some of it. */
  public static final long COMMON =
      VERSION_1 | INDIRECT_DESC | EVENT_IDX | RING_PACKED | RING_RESET;

  private VirtioFeature() {}
}
