package javelin.boot.machine;

import java.util.stream.Collectors;
import javelin.vmm.kvm.CpuTopology;
import javelin.vmm.kvm.CpuidShape;
import javelin.vmm.kvm.CpuidShaper;
import javelin.vmm.kvm.CpuidTable;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;

/**
 * What the guest's processors are: CPUID, and the MSRs that firmware would set, for each of them.
 */
final class CpuSetup {
  private static final int MSR_MTRR_DEFAULT_TYPE = 0x2ff;

  /** MTRRs on, write-back where none says otherwise (Intel SDM 3, 12.11.2.1). */
  private static final long MTRR_ON_WRITE_BACK = 1 << 11 | 6;

  private final CpuidShaper shaper;

  CpuSetup(KvmSystem kvm, MachineConfig config) {
    if (config.cpus() > kvm.maxVcpus()) {
      throw new ConfigException(
          "--cpus", config.cpus(), "this host's KVM offers a guest at most " + kvm.maxVcpus());
    }
    try {
      shaper =
          new CpuidShaper(
              CpuidTable.decode(kvm.supportedCpuid()),
              new CpuidShape(
                  CpuTopology.flat(config.cpus()),
                  kvm.check(KvmCapability.TSC_DEADLINE_TIMER) != 0,
                  true,
                  config.cpuFeatures()));
    } catch (IllegalArgumentException e) {
      String switches =
          config.cpuFeatures().stream().map(Object::toString).collect(Collectors.joining(","));
      throw new ConfigException("--cpu", switches, e.getMessage());
    }
  }

  void configure(KvmVcpu vcpu, int index) {
    vcpu.cpuid(shaper.forVcpu(index).encode());
    vcpu.msr(MSR_MTRR_DEFAULT_TYPE, MTRR_ON_WRITE_BACK);
  }

  /** Width of the guest's physical addresses. */
  int addressBits() {
    return shaper.physicalAddressBits();
  }
}
