package javelin.perf.guest;

/**
 * Ticks of a guest's time stamp counter as nanoseconds.
 *
 * @param khz its frequency
 */
public record TscClock(long khz) {
  /** The guest's figure for its own measurement of the frequency. */
  static final String GUEST_KHZ = "tsc-khz";

  private static final double NANOS_PER_MS = 1e6;

  /** Refuses a frequency that is none. */
  public TscClock {
    if (khz <= 0) {
      throw new IllegalArgumentException("a time stamp counter of " + khz + " kHz");
    }
  }

  /**
   * The clock of the guest that wrote {@code text}.
   *
   * @param kvmKhz what KVM says, by {@link javelin.vmm.kvm.KvmVcpu#tscKhz}; 0 where it does not
   *     know, and the guest's own figure counts
   * @throws IllegalStateException where neither is there
   */
  public static TscClock of(int kvmKhz, SampleText text) {
    long khz = kvmKhz > 0 ? kvmKhz : text.counts().getOrDefault(GUEST_KHZ, 0L);
    if (khz <= 0) {
      throw new IllegalStateException(
          "neither KVM nor the guest tells the frequency of its time stamp counter");
    }
    return new TscClock(khz);
  }

  /** Nanoseconds of {@code ticks}, rounded; negative for negative ones. */
  public long nanos(long ticks) {
    return Math.round(ticks * (NANOS_PER_MS / khz));
  }
}
