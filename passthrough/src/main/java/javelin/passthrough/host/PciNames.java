package javelin.passthrough.host;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javelin.vmm.linux.HostFiles;

/**
 * Names for the numbers of PCI devices, from pci.ids where it is installed (packages pci.ids,
 * hwdata); it is read when the first name is asked for.
 *
 * <p>Its lines: {@code vvvv vendor}, below it {@code <tab>dddd device}; {@code C cc class}, below
 * it {@code <tab>ss sub-class}; lines with two tabs go deeper than is needed here.
 */
public final class PciNames {
  private static final List<String> PLACES =
      List.of("/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids", "/var/lib/pciutils/pci.ids");

  private static final int HEXADECIMAL = 16;
  private static final String CLASS_MARK = "C ";

  private final HostFiles files;

  /** By the number as pci.ids writes it: {@code "8086"}, {@code "8086 10d3"}, {@code "C 02 00"}. */
  private Map<String, String> names;

  /** The names that are installed on a host. */
  public PciNames(HostFiles files) {
    this.files = files;
  }

  /** The name of a vendor. */
  public Optional<String> vendor(PciIds ids) {
    return name(String.format("%04x", ids.vendor()));
  }

  /** The name of a device of a vendor. */
  public Optional<String> device(PciIds ids) {
    return name(String.format("%04x %04x", ids.vendor(), ids.device()));
  }

  /** The name of a class; that of the wider one, or the number, where the class has no name. */
  public String className(PciIds ids) {
    int subClass = ids.subClass();
    return name(String.format("C %02x %02x", ids.baseClass(), subClass & 0xFF))
        .or(() -> PciClass.name(subClass))
        .or(() -> name(String.format("C %02x", ids.baseClass())))
        .or(() -> PciClass.baseName(ids.baseClass()))
        .orElse(String.format("class %04x", subClass));
  }

  private synchronized Optional<String> name(String number) {
    if (names == null) {
      names = new HashMap<>();
      PLACES.stream().filter(files::exists).findFirst().ifPresent(this::read);
    }
    return Optional.ofNullable(names.get(number));
  }

  private void read(String place) {
    String text = new String(files.bytes(place).orElse(new byte[0]), StandardCharsets.UTF_8);
    String above = "";
    for (String line : text.lines().toList()) {
      int gap = line.indexOf("  ");
      if (gap < 0 || line.startsWith("#") || line.startsWith("\t\t")) {
        continue;
      }
      String number = line.substring(0, gap);
      String name = line.substring(gap).strip();
      if (number.startsWith("\t")) {
        names.put(above + " " + number.strip(), name);
      } else if (number.startsWith(CLASS_MARK) || isNumber(number)) {
        above = number;
        names.put(number, name);
      }
    }
  }

  private static boolean isNumber(String text) {
    return text.chars().allMatch(c -> Character.digit(c, HEXADECIMAL) >= 0);
  }
}
