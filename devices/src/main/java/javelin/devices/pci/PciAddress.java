package javelin.devices.pci;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a function is on its segment: {@code "00:1f.2"}.
 *
 * @param bus 0 to 255
 * @param device 0 to 31
 * @param function 0 to 7
 */
public record PciAddress(int bus, int device, int function) {
  private static final int BUSES = 256;
  private static final int DEVICES = 32;
  private static final int FUNCTIONS = 8;
  private static final int HEXADECIMAL = 16;
  private static final Pattern TEXT =
      Pattern.compile("(?:([0-9a-fA-F]{1,2}):)?([0-9a-fA-F]{1,2})(?:\\.([0-7]))?");

  /** Checks the ranges. */
  public PciAddress {
    if (bus < 0
        || bus >= BUSES
        || device < 0
        || device >= DEVICES
        || function < 0
        || function >= FUNCTIONS) {
      throw new IllegalArgumentException(
          String.format("no PCI address: bus %d, device %d, function %d", bus, device, function));
    }
  }

  /**
   * Reads {@code "00:1f.2"}, {@code "1f.2"} or {@code "1f"}, in hexadecimal.
   *
   * @throws IllegalArgumentException where the text is none of these
   */
  public static PciAddress parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no PCI address; write it like 00:1f.2 or 1f");
    }
    return new PciAddress(
        parse(matcher.group(1), HEXADECIMAL),
        parse(matcher.group(2), HEXADECIMAL),
        parse(matcher.group(3), FUNCTIONS));
  }

  private static int parse(String digits, int radix) {
    return digits == null ? 0 : Integer.parseInt(digits, radix);
  }

  /** Device and function in 8 bits, as configuration addresses have them. */
  public int deviceFunction() {
    return device << 3 | function;
  }

  @Override
  public String toString() {
    return String.format("%02x:%02x.%d", bus, device, function);
  }
}
