package javelin.passthrough.binding;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;

/**
 * A variant of vfio-pci that knows a device better than that does, as mlx5_vfio_pci knows virtual
 * functions of ConnectX. The kernel's modules say in their aliases which devices they are for:
 *
 * <pre>alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci</pre>
 *
 * @param module the kernel module that has it
 */
record VariantDriver(String module) {
  private static final Pattern ALIAS = Pattern.compile("alias vfio_pci:(\\S+) (\\S+)");
  private static final String DEVICE = "pci:";

  /** vfio-pci's own module has an alias for every device. */
  private static final String GENERAL_MODULE = "vfio_pci";

  /** An alias: which devices, as a pattern, and the module. */
  private record Alias(String pattern, String module) {
    static Stream<Alias> parse(String line) {
      Matcher matcher = ALIAS.matcher(line);
      return matcher.matches()
          ? Stream.of(new Alias(matcher.group(1), matcher.group(2)))
          : Stream.empty();
    }

    boolean matches(String device) {
      return Pattern.matches("\\Q" + pattern.replace("*", "\\E.*\\Q") + "\\E", device);
    }

    /** How many fields it leaves open. */
    long wildcards() {
      return pattern.chars().filter(c -> c == '*').count();
    }
  }

  /** The variant for a device, of several the one with the closest alias; empty for most. */
  static Optional<VariantDriver> of(HostFiles files, HostAddress address) {
    String modalias = files.text(address.sysfs() + "/modalias").orElse("");
    if (!modalias.startsWith(DEVICE)) {
      return Optional.empty();
    }
    String device = modalias.substring(DEVICE.length());
    String release = files.text("/proc/sys/kernel/osrelease").orElse("unknown");
    return files.lines("/lib/modules/" + release + "/modules.alias").stream()
        .flatMap(Alias::parse)
        .filter(alias -> !alias.module().equals(GENERAL_MODULE) && alias.matches(device))
        .min(Comparator.comparingLong(Alias::wildcards))
        .map(alias -> new VariantDriver(alias.module()));
  }

  /** The driver's name, which need not be the module's; empty while the module is not loaded. */
  Optional<String> name(HostFiles files) {
    return files.names("/sys/module/" + module.replace('-', '_') + "/drivers").stream()
        .filter(name -> name.startsWith(DEVICE))
        .map(name -> name.substring(DEVICE.length()))
        .findFirst();
  }
}
