package javelin.boot.host;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javelin.vmm.linux.HostFiles;

/** Processors of a host, and which of KVM's back ends serves them. */
public final class CpuFacts {
  private static final String CPUINFO = "/proc/cpuinfo";
  private static final int LEAST_ADDRESS_BITS = 36;

  private final HostFiles files;
  private final Set<String> flags;

  /** Reads from {@code files}. */
  public CpuFacts(HostFiles files) {
    this.files = files;
    flags = new HashSet<>(List.of(files.field(CPUINFO, "flags").orElse("").split("\\s+")));
  }

  /** Width of physical addresses; the least of any 64-bit CPU where it is not told. */
  public int addressBits() {
    String width = addressSizes().replaceFirst(" bits physical.*", "");
    return width.matches("\\d{2}") ? Integer.parseInt(width) : LEAST_ADDRESS_BITS;
  }

  private String addressSizes() {
    return files.field(CPUINFO, "address sizes").orElse("unknown");
  }

  /** All of it, for the report. */
  Section section() {
    List<Fact> facts = new ArrayList<>();
    facts.add(Fact.plain("Model", files.field(CPUINFO, "model name").orElse("unknown")));
    facts.add(Fact.plain("Vendor", files.field(CPUINFO, "vendor_id").orElse("unknown")));
    long online = files.lines(CPUINFO).stream().filter(l -> l.startsWith("processor")).count();
    facts.add(Fact.plain("Online", online + " CPUs"));
    facts.add(Fact.plain("Address sizes", addressSizes()));
    facts.add(extension());
    facts.add(backEnd());
    facts.add(Fact.plain("This host is", flags.contains("hypervisor") ? "virtual" : "physical"));
    facts.add(parameter("Nested guests", "nested", "nested", "KVM inside a guest"));
    facts.add(parameter("Nested paging", "ept", "npt", "guest page tables without exits"));
    facts.add(parameter("APIC virtualisation", "enable_apicv", "avic", "interrupts without exits"));
    facts.add(
        Fact.optional(
            flags.contains("constant_tsc") && flags.contains("nonstop_tsc"),
            "Invariant TSC",
            present("constant_tsc") + ", " + present("nonstop_tsc"),
            "the guest's clock"));
    String clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    facts.add(Fact.plain("Host clock source", files.text(clock).orElse("unknown")));
    return new Section("CPU", facts);
  }

  private String present(String flag) {
    return flags.contains(flag) ? flag : "no " + flag;
  }

  private Fact extension() {
    String found = flags.contains("vmx") ? "VMX (Intel)" : flags.contains("svm") ? "SVM (AMD)" : "";
    return Fact.optional(
        !found.isEmpty(),
        "Virtualisation",
        found.isEmpty() ? "neither VMX nor SVM" : found,
        "guests at hardware speed");
  }

  private Fact backEnd() {
    for (String module : List.of("kvm_intel", "kvm_amd")) {
      if (files.exists("/sys/module/" + module)) {
        return Fact.plain("KVM back end", module);
      }
    }
    List<String> others =
        files.names("/sys/module").stream().filter(name -> name.startsWith("kvm_")).toList();
    return others.isEmpty()
        ? Fact.plain("KVM back end", "no module loaded, or built into the kernel")
        : Fact.plain("KVM back end", String.join(", ", others) + " (software-assisted)");
  }

  /** A Y/N or 0/1 parameter of the KVM module: Intel's name, AMD's name. */
  private Fact parameter(String name, String intel, String amd, String neededFor) {
    String value =
        files
            .text("/sys/module/kvm_intel/parameters/" + intel)
            .or(() -> files.text("/sys/module/kvm_amd/parameters/" + amd))
            .orElse("");
    boolean on = value.equals("Y") || value.equals("1");
    return Fact.optional(on, name, value.isEmpty() ? "not told" : on ? "on" : "off", neededFor);
  }
}
