package javelin.perf.bench;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.Collectors;
import javelin.perf.result.Outcome;
import javelin.vmm.linux.HostFiles;

/** States on an outcome what machine its figures are of, and what of that machine is emulated. */
final class HostConditions {
  private static final String KVM = "/dev/kvm";
  private static final String CPUINFO = "/proc/cpuinfo";
  private static final String EMULATED_CPU = "QEMU TCG";
  private static final long KIBIBYTES_PER_GIBIBYTE = 1 << 20;

  private final HostFiles files;

  private HostConditions(HostFiles files) {
    this.files = files;
  }

  /** Adds the conditions of the host behind {@code files}, and of this JVM. */
  static void describe(HostFiles files, Outcome outcome) {
    HostConditions host = new HostConditions(files);
    outcome
        .condition("Machine", host.machine())
        .condition("Emulated", host.emulated())
        .condition("Kernel", host.kernel())
        .condition("Kernel command line", host.text("/proc/cmdline"))
        .condition("KVM", host.kvm())
        .condition("Load at the start", host.text("/proc/loadavg"))
        .condition("Java", java())
        .condition("JVM flags", flags());
  }

  private String text(String path) {
    return files.text(path).orElse("not told");
  }

  private String machine() {
    long cpus = files.lines(CPUINFO).stream().filter(l -> l.startsWith("processor")).count();
    String memory =
        files
            .field("/proc/meminfo", "MemTotal")
            .map(kib -> Long.parseLong(kib.replaceAll("\\D", "")) / KIBIBYTES_PER_GIBIBYTE)
            .map(gib -> gib + " GiB")
            .orElse("memory not told");
    String governor =
        files
            .text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
            .map(name -> ", governor " + name)
            .orElse("");
    return "%d CPUs of %s, %s%s".formatted(cpus, model(), memory, governor);
  }

  private String model() {
    return files.field(CPUINFO, "model name").orElse("unknown model");
  }

  /** What makes figures differ from those of a physical machine with the same processor. */
  private String emulated() {
    if (model().startsWith(EMULATED_CPU)) {
      return "all of it: the processor is QEMU's, in software; compare within this run only";
    }
    List<String> modules = kvmModules();
    if (files.exists(KVM)
        && !modules.isEmpty()
        && !modules.contains("kvm_intel")
        && !modules.contains("kvm_amd")) {
      return "ring 0 of guests: KVM has no hardware to run it on here";
    }
    boolean virtual =
        List.of(files.field(CPUINFO, "flags").orElse("").split("\\s+")).contains("hypervisor");
    return virtual ? "the machine: it is virtual, and its guests are nested" : "nothing";
  }

  private String kernel() {
    return text("/proc/sys/kernel/osrelease") + " " + text("/proc/sys/kernel/version");
  }

  private List<String> kvmModules() {
    return files.names("/sys/module").stream().filter(name -> name.startsWith("kvm_")).toList();
  }

  private String kvm() {
    if (!files.exists(KVM)) {
      return "none";
    }
    List<String> modules = kvmModules();
    return modules.isEmpty() ? "built into the kernel" : String.join(", ", modules);
  }

  private static String java() {
    String collectors =
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .map(GarbageCollectorMXBean::getName)
            .collect(Collectors.joining(", "));
    return "%s, %s; collectors: %s"
        .formatted(
            System.getProperty("java.version"), System.getProperty("java.vendor"), collectors);
  }

  /** Those that change how it runs; where its files lie is nobody's business. */
  private static String flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> flag.startsWith("-X") && !flag.contains("/"))
        .collect(Collectors.joining(" "));
  }
}
