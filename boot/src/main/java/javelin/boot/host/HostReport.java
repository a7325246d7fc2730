package javelin.boot.host;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.host.MemoryFacts.HugePages;
import javelin.boot.machine.Units;
import javelin.vmm.linux.HostFiles;

/**
 * What a host offers: verdicts on what users want, and the facts behind them.
 *
 * @param verdicts what the host can do, the most important first
 * @param sections the facts
 */
public record HostReport(List<Verdict> verdicts, List<Section> sections) {
  /** Keeps copies of the lists. */
  public HostReport {
    verdicts = List.copyOf(verdicts);
    sections = List.copyOf(sections);
  }

  /**
   * Reads a host.
   *
   * @param files its proc, sys and dev file systems
   * @param kvm what its KVM says
   */
  public static HostReport of(HostFiles files, KvmProbe kvm) {
    KvmFacts kvmFacts = new KvmFacts(kvm);
    MemoryFacts memory = new MemoryFacts(files);
    IommuFacts iommu = new IommuFacts(files);
    return new HostReport(
        List.of(kvmFacts.verdict(), hugePages(memory), assignment(iommu)),
        List.of(
            kvmFacts.section(),
            new CpuFacts(files).section(),
            memory.section(),
            iommu.section(),
            system(files)));
  }

  private static Verdict hugePages(MemoryFacts memory) {
    List<String> free = new ArrayList<>();
    for (HugePages pages : memory.hugePages()) {
      if (pages.free() > 0) {
        free.add(pages.free() + " of " + Units.formatSize(pages.pageSize()));
      }
    }
    return free.isEmpty()
        ? new Verdict(
            "Huge pages",
            false,
            "none are reserved: echo 256 >"
                + " /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages")
        : new Verdict("Huge pages", true, String.join(", ", free) + " free");
  }

  private static Verdict assignment(IommuFacts iommu) {
    String ability = "Assign devices";
    if (iommu.groups() == 0) {
      return new Verdict(
          ability,
          false,
          "no IOMMU: switch on VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on on"
              + " Intel; `./javelin lab` has one");
    }
    if (!iommu.remapsInterrupts()) {
      return new Verdict(
          ability,
          false,
          iommu.groups()
              + " IOMMU groups, but interrupts are not remapped: switch on x2APIC and interrupt"
              + " remapping in the firmware");
    }
    return new Verdict(ability, true, iommu.groups() + " IOMMU groups");
  }

  private static Section system(HostFiles files) {
    return new Section(
        "System",
        List.of(
            Fact.plain("Linux", files.text("/proc/sys/kernel/osrelease").orElse("unknown")),
            Fact.plain(
                "Java",
                System.getProperty("java.version")
                    + ", "
                    + System.getProperty("java.vendor")
                    + ", "
                    + System.getProperty("java.home"))));
  }
}
