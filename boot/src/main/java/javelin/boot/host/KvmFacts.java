package javelin.boot.host;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.machine.MachineConfig;
import javelin.vmm.kvm.KvmCapability;

/** KVM of a host, from what it answered. */
final class KvmFacts {
  private final KvmProbe probe;

  KvmFacts(KvmProbe probe) {
    this.probe = probe;
  }

  Verdict verdict() {
    String ability = "Run guests";
    if (probe.failure() != null) {
      return new Verdict(ability, false, probe.failure());
    }
    List<String> missing = new ArrayList<>();
    probe
        .capabilities()
        .forEach(
            (capability, value) -> {
              if (capability.required() && value == 0) {
                missing.add("KVM_CAP_" + capability);
              }
            });
    return missing.isEmpty()
        ? new Verdict(ability, true, "with up to " + maxCpus() + " CPUs each")
        : new Verdict(
            ability, false, "KVM lacks " + String.join(", ", missing) + ": use a newer kernel");
  }

  private int maxCpus() {
    return Math.min(probe.maxVcpus(), MachineConfig.MAX_CPUS);
  }

  Section section() {
    List<Fact> facts = new ArrayList<>();
    boolean open = probe.failure() == null;
    facts.add(
        Fact.required(
            open,
            probe.device(),
            open ? "API version " + probe.apiVersion() : "see above",
            "all guests"));
    probe.capabilities().forEach((capability, value) -> facts.add(fact(capability, value)));
    return new Section("KVM", facts);
  }

  private static Fact fact(KvmCapability capability, int value) {
    String text = value == 0 ? "no" : value == 1 ? "yes" : Integer.toString(value);
    return capability.required()
        ? Fact.required(value != 0, capability.name(), text, capability.use())
        : Fact.optional(value != 0, capability.name(), text, capability.use());
  }
}
