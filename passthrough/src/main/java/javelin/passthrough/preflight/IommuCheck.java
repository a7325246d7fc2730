package javelin.passthrough.preflight;

import java.util.List;
import javelin.passthrough.host.verdict.IommuAbsence;
import javelin.vmm.linux.HostFiles;

/** Whether an IOMMU keeps devices inside the memory of their guests, and if not, why not. */
final class IommuCheck implements HostCheck {
  static final String TOPIC = "IOMMU";
  static final String UNITS = "/sys/class/iommu";

  private final HostFiles files;

  IommuCheck(HostFiles files) {
    this.files = files;
  }

  @Override
  public CheckResult check(GuestLayout guest) {
    return new IommuAbsence(files)
        .ofHost()
        .map(
            why ->
                CheckResult.of(
                    TOPIC, "none", List.of(Finding.blocks(TOPIC, why.problem(), why.remedy()))))
        .orElseGet(() -> CheckResult.good(TOPIC, String.join(", ", files.names(UNITS))));
  }
}
