package javelin.devices.virtio.balloon;

/** What a guest says of its memory (virtio 1.2, 5.5.6.3). */
public final class GuestStatistics {
  /** Tags of the figures: bytes, or counts. */
  public static final int SWAPPED_IN = 0;

  public static final int SWAPPED_OUT = 1;
  public static final int MAJOR_FAULTS = 2;
  public static final int MINOR_FAULTS = 3;
  public static final int FREE = 4;
  public static final int TOTAL = 5;
  public static final int AVAILABLE = 6;
  public static final int CACHES = 7;

  /** A figure that the guest does not give. */
  public static final long UNKNOWN = -1;

  /** Figures with later tags are passed over. */
  static final int TAGS = 8;

  private final long time;
  private final long[] values;

  /**
   * Figures of a guest.
   *
   * @param time when the guest said so, in nanoseconds of {@link System#nanoTime}
   * @param values by tag; {@link #UNKNOWN} for what the guest does not give, as for later ones
   */
  public GuestStatistics(long time, long... values) {
    this.time = time;
    this.values = values.clone();
  }

  /** The figure with this tag; {@link #UNKNOWN} where the guest does not give it. */
  public long get(int tag) {
    return tag < values.length ? values[tag] : UNKNOWN;
  }

  /** When the guest said so, in nanoseconds of {@link System#nanoTime}. */
  public long time() {
    return time;
  }
}
