package javelin.passthrough.host;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a PCI function of the host is, as sysfs writes it: {@code "0000:03:00.1"}.
 *
 * @param domain 0 to 0xFFFFFFFF (PCI segment; above 0xFFFF on VMD hosts)
 * @param bus 0 to 255
 * @param device 0 to 31
 * @param function 0 to 7
 */
public record HostAddress(long domain, int bus, int device, int function)
    implements Comparable<HostAddress> {
  private static final int HEXADECIMAL = 16;
  private static final Pattern TEXT =
      Pattern.compile("(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{1,2}):([01]?[0-9a-fA-F])\\.([0-7])");
  private static final Comparator<HostAddress> ORDER =
      Comparator.comparingLong(HostAddress::domain)
          .thenComparingInt(HostAddress::bus)
          .thenComparingInt(HostAddress::device)
          .thenComparingInt(HostAddress::function);

  /**
   * Reads {@code "0000:03:00.1"}, or {@code "03:00.1"} for domain 0.
   *
   * @throws IllegalArgumentException where the text is neither
   */
  public static HostAddress parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no PCI address of the host; write it like 0000:03:00.0 or 03:00.0");
    }
    return new HostAddress(
        matcher.group(1) == null ? 0 : Long.parseLong(matcher.group(1), HEXADECIMAL),
        Integer.parseInt(matcher.group(2), HEXADECIMAL),
        Integer.parseInt(matcher.group(3), HEXADECIMAL),
        Integer.parseInt(matcher.group(4)));
  }

  /** Whether {@link #parse} understands {@code text}. */
  static boolean isAddress(String text) {
    return TEXT.matcher(text).matches();
  }

  /** Its folder in sysfs. */
  public String sysfs() {
    return "/sys/bus/pci/devices/" + this;
  }

  @Override
  public int compareTo(HostAddress other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return String.format("%04x:%02x:%02x.%d", domain, bus, device, function);
  }
}
