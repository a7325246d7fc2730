package javelin.passthrough.preflight;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.HostFiles;

/** Whether the kernel has the two parts of VFIO that assigning needs, loaded or to be loaded. */
final class ModuleCheck implements HostCheck {
  static final String TOPIC = "VFIO modules";

  private static final String PCI = "vfio-pci";
  private static final String TYPE1 = "vfio_iommu_type1";

  private enum State {
    LOADED("loaded"),
    BUILT_IN("built in"),
    LOADABLE("not loaded yet"),
    ABSENT("absent");

    final String words;

    State(String words) {
      this.words = words;
    }

    boolean isReady() {
      return this == LOADED || this == BUILT_IN;
    }
  }

  private final HostFiles files;
  private final String release;

  ModuleCheck(HostFiles files) {
    this.files = files;
    release = files.text("/proc/sys/kernel/osrelease").orElse("unknown");
  }

  @Override
  public CheckResult check(GuestLayout guest) {
    State pci = files.exists("/sys/bus/pci/drivers/" + PCI) ? State.LOADED : state(PCI);
    State type1 = state(TYPE1);
    List<Finding> findings = new ArrayList<>();
    if (pci == State.ABSENT) {
      findings.add(absent(PCI, "CONFIG_VFIO_PCI"));
    }
    if (type1 == State.ABSENT) {
      findings.add(absent(TYPE1, "CONFIG_VFIO_IOMMU_TYPE1"));
    }
    // Loading vfio-pci brings it along (a soft dependency), but not later.
    if (type1 == State.LOADABLE && pci.isReady()) {
      findings.add(Finding.blocks(TYPE1, "not loaded", "as root: modprobe " + TYPE1));
    }
    String state = PCI + " " + pci.words + ", " + TYPE1 + " " + type1.words;
    return CheckResult.of(TOPIC, state, findings);
  }

  private Finding absent(String module, String option) {
    return Finding.blocks(
        module,
        "neither loaded nor in /lib/modules/" + release,
        "use a kernel with " + option + ", with its modules installed");
  }

  private State state(String module) {
    if (files.exists("/sys/module/" + module.replace('-', '_'))) {
      return State.LOADED;
    }
    if (isListed("modules.builtin", module)) {
      return State.BUILT_IN;
    }
    return isListed("modules.dep", module) ? State.LOADABLE : State.ABSENT;
  }

  /** Both lists begin each line with the path of a module's file. */
  private boolean isListed(String list, String module) {
    return files.lines("/lib/modules/" + release + "/" + list).stream()
        .map(line -> line.replaceFirst(":.*", ""))
        .anyMatch(path -> path.contains("/" + module + ".ko"));
  }
}
