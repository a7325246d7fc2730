package javelin.passthrough.preflight;

import java.util.List;
import java.util.function.Predicate;
import javelin.vmm.linux.HostFiles;

/** Whether this process may open VFIO's container node. */
final class ContainerCheck implements HostCheck {
  /** What to do about a node of VFIO's that the kernel has and /dev lacks. */
  static final String MISSING_REMEDY =
      "mount a devtmpfs on /dev, or pass the node on to this container";

  private static final String NODE = "/dev/vfio/vfio";

  private final HostFiles files;
  private final Predicate<String> mayOpen;

  ContainerCheck(HostFiles files, Predicate<String> mayOpen) {
    this.files = files;
    this.mayOpen = mayOpen;
  }

  @Override
  public CheckResult check(GuestLayout guest) {
    if (files.exists(NODE)) {
      return mayOpen.test(NODE)
          ? CheckResult.good(NODE, "present")
          : result(
              "denied",
              "this user may not open it",
              "as root: chmod 0666 " + NODE + " (it gives access to nothing by itself)");
    }
    return files.exists("/sys/class/misc/vfio")
        ? result("missing", "no such node, though VFIO is loaded", MISSING_REMEDY)
        : CheckResult.untold(NODE, "comes with vfio-pci");
  }

  private static CheckResult result(String state, String problem, String remedy) {
    return CheckResult.of(NODE, state, List.of(Finding.blocks(NODE, problem, remedy)));
  }
}
