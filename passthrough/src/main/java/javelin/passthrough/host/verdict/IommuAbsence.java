package javelin.passthrough.host.verdict;

import java.util.Optional;
import javelin.vmm.linux.HostFiles;

/** Why a device is in no IOMMU group, and what would put it into one. */
public final class IommuAbsence {
  private static final String TABLES = "/sys/firmware/acpi/tables/";

  /**
   * Why a host has no IOMMU.
   *
   * @param problem what is wrong, in words for people
   * @param remedy the way out
   */
  public record Reason(String problem, String remedy) {}

  private final HostFiles files;

  /** Of a host. */
  public IommuAbsence(HostFiles files) {
    this.files = files;
  }

  /** The reason, in words for people. */
  String reason() {
    return ofHost()
        .map(reason -> reason.problem() + ": " + reason.remedy())
        .orElse("the IOMMU of this host does not cover it");
  }

  /** Why the host has none, by the ACPI tables that tell of IOMMUs; empty where it has one. */
  public Optional<Reason> ofHost() {
    if (!files.names("/sys/class/iommu").isEmpty()) {
      return Optional.empty();
    }
    if (files.exists(TABLES + "DMAR")) {
      return Optional.of(
          new Reason("VT-d is there, but off", "boot this host with intel_iommu=on"));
    }
    if (files.exists(TABLES + "IVRS")) {
      return Optional.of(
          new Reason(
              "AMD-Vi is there, but off", "boot this host without amd_iommu=off and iommu=off"));
    }
    return Optional.of(
        new Reason(
            "this host has no IOMMU, or its firmware hides it",
            "switch on VT-d or AMD-Vi there (./javelin lab has one)"));
  }
}
