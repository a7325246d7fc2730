package javelin.boot.machine;

import java.util.stream.Collectors;
import javelin.vmm.kvm.CpuTopology;
import javelin.vmm.kvm.CpuidShape;
import javelin.vmm.kvm.CpuidShaper;
import javelin.vmm.kvm.CpuidTable;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the guest's processors are: CPUID, and the MSRs that firmware would set, for each of them.
 */
public final class CpuSetup {
  /** IA32_MTRR_DEF_TYPE (Intel SDM 4). */
  public static final int MSR_MTRR_DEFAULT_TYPE = 0x2ff;

  /** MTRRs on, write-back where none says otherwise (Intel SDM 3, 12.11.2.1). */
  public static final long MTRR_ON_WRITE_BACK = 1 << 11 | 6;

  private final CpuidShaper shaper;

  /**
   * The processors of a machine of that configuration.
   *
   * @throws ConfigException where this host's KVM has no such processors
   */
  public CpuSetup(KvmSystem kvm, MachineConfig config) {
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

  /** Makes {@code vcpu} the processor with that index. */
  public void configure(KvmVcpu vcpu, int index) {
    vcpu.cpuid(cpuid(index));
    vcpu.msr(MSR_MTRR_DEFAULT_TYPE, MTRR_ON_WRITE_BACK);
  }

  /** What CPUID tells on the processor with that index: a {@code struct kvm_cpuid2}. */
  public UnsafeBuffer cpuid(int index) {
    return shaper.forVcpu(index).encode();
  }

  /** Width of the guest's physical addresses. */
  int addressBits() {
    return shaper.physicalAddressBits();
  }
}
