package javelin.passthrough.preflight;

/** Sizes for people. */
final class ByteSize {
  private static final String[] UNITS = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
  private static final int STEP = 1024;

  private ByteSize() {}

  /** {@code bytes} in the largest unit that it is a whole number of, such as {@code 512 MiB}. */
  static String of(long bytes) {
    int unit = 0;
    long value = bytes;
    while (unit < UNITS.length - 1 && value != 0 && value % STEP == 0) {
      value /= STEP;
      unit++;
    }
    return value + " " + UNITS[unit];
  }
}
