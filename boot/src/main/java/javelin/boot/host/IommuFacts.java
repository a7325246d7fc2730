package javelin.boot.host;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.HostFiles;

/** What a host has for assigning devices: IOMMU, interrupt remapping, VFIO. */
final class IommuFacts {
  private static final String GROUPS = "/sys/kernel/iommu_groups";

  private final HostFiles files;

  IommuFacts(HostFiles files) {
    this.files = files;
  }

  /** Number of IOMMU groups; 0 where the host has no IOMMU, or has it off. */
  int groups() {
    return files.names(GROUPS).size();
  }

  private int devices() {
    return files.names(GROUPS).stream()
        .mapToInt(group -> files.names(GROUPS + "/" + group + "/devices").size())
        .sum();
  }

  /**
   * Whether interrupts pass the remapping unit: the kernel then prefixes the names of its interrupt
   * chips (/proc/interrupts) with IR-.
   */
  boolean remapsInterrupts() {
    return files.lines("/proc/interrupts").stream().anyMatch(line -> line.contains(" IR-"));
  }

  /** All of it, for the report. */
  Section section() {
    List<Fact> facts = new ArrayList<>();
    List<String> units = files.names("/sys/class/iommu");
    facts.add(
        Fact.optional(
            !units.isEmpty(),
            "IOMMU",
            units.isEmpty() ? "none" : String.join(", ", units),
            "assigned devices: DMA into guest RAM only"));
    facts.add(
        Fact.optional(
            groups() > 0,
            "IOMMU groups",
            groups() + " with " + devices() + " devices",
            "assigned devices: what goes together"));
    facts.add(
        Fact.optional(
            remapsInterrupts(),
            "Interrupt remapping",
            remapsInterrupts() ? "on" : "off",
            "assigned devices: no forged interrupts"));
    facts.add(
        Fact.optional(
            files.exists("/dev/vfio/vfio"),
            "/dev/vfio/vfio",
            files.exists("/dev/vfio/vfio") ? "present" : "missing: modprobe vfio-pci",
            "assigned devices"));
    facts.add(module("vfio_pci", "binding PCI devices to VFIO"));
    facts.add(module("vfio_iommu_type1", "DMA mappings by VFIO containers"));
    facts.add(
        Fact.optional(
            files.exists("/dev/iommu"),
            "/dev/iommu",
            files.exists("/dev/iommu") ? "present" : "missing",
            "IOMMUFD, the newer way to map DMA"));
    long groupNodes =
        files.names("/dev/vfio").stream().filter(name -> name.matches("\\d+")).count();
    facts.add(
        Fact.optional(
            groupNodes > 0,
            "VFIO groups bound",
            Long.toString(groupNodes),
            "assigned devices: given to VFIO by now"));
    return new Section("Device assignment", facts);
  }

  private Fact module(String name, String neededFor) {
    boolean loaded = files.exists("/sys/module/" + name);
    return Fact.optional(loaded, name, loaded ? "loaded" : "not loaded", neededFor);
  }
}
