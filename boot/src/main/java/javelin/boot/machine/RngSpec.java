package javelin.boot.machine;

/**
 * The guest's source of random bytes: {@code [rate=SIZE]}.
 *
 * @param rate bytes a second at most; 0 for no limit
 */
public record RngSpec(long rate) {
  private static final String OPTION = "--rng";
  private static final long MAX_RATE = 1L << 30;

  /**
   * Reads a value of {@code --rng}, which may be empty.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static RngSpec parse(String text) {
    if (text.isEmpty()) {
      return new RngSpec(0);
    }
    Suboptions values = new Suboptions(OPTION, text, false);
    try {
      RngSpec spec = new RngSpec(rate(values.take("rate")));
      values.requireNoMore("the option is rate=SIZE, bytes a second");
      return spec;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  private static long rate(String text) {
    if (text == null) {
      return 0;
    }
    long rate = Units.parseSize(text);
    if (rate < 1 || rate > MAX_RATE) {
      throw new IllegalArgumentException("rate is 1 byte to 1G a second");
    }
    return rate;
  }
}
