package javelin.passthrough.faults;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Something that a device does wrong on purpose, so that a driver or a monitor can be tested
 * against it: {@code NAME[:N]}, the N-th time, or the first.
 *
 * @param kind what it does
 * @param occurrence when it does it, from 1
 */
public record Fault(Kind kind, int occurrence) {
  /** What can go wrong. */
  public enum Kind {
    /** An interrupt is lost. */
    DROP_IRQ,
    /** An interrupt comes 200 ms late. */
    DELAY_IRQ,
    /** Mapping memory for DMA fails with ENOMEM. */
    FAIL_MAP,
    /** An access to a BAR, and all that comes after it, is never answered. */
    STALL,
    /** At an access to a BAR the connection closes. */
    VANISH,
    /** From an access to a BAR on all of it reads as ones. */
    ALL_ONES,
    /** With an access to a BAR the pin is raised once without a cause. */
    SPURIOUS_INTX,
    /** A reset is done, and says that it failed, with EIO. */
    FAIL_RESET;

    private String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Names of all, for help. */
  public static String names() {
    return Arrays.stream(Kind.values()).map(Kind::text).collect(Collectors.joining(", "));
  }

  /**
   * Reads a fault.
   *
   * @throws IllegalArgumentException saying what there is
   */
  public static Fault parse(String text) {
    String[] parts = text.split(":", 2);
    for (Kind kind : Kind.values()) {
      if (kind.text().equals(parts[0])) {
        return new Fault(kind, parts.length == 1 ? 1 : occurrence(parts[1]));
      }
    }
    throw new IllegalArgumentException("a fault is one of " + names() + ", then :N for the N-th");
  }

  private static int occurrence(String text) {
    try {
      int occurrence = Integer.parseInt(text);
      if (occurrence >= 1) {
        return occurrence;
      }
    } catch (NumberFormatException e) {
      // As any other that is no count.
    }
    throw new IllegalArgumentException("the :N of a fault counts from 1");
  }

  @Override
  public String toString() {
    return kind.text() + ":" + occurrence;
  }
}
