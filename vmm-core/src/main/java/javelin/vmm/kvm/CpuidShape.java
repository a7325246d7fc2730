package javelin.vmm.kvm;

import java.util.List;

/**
 * What makes a guest's CPUID differ from what KVM offers.
 *
 * @param topology how the processors are grouped
 * @param tscDeadline whether KVM emulates the local APIC timer's TSC-deadline mode
 *     (KVM_CAP_TSC_DEADLINE_TIMER); KVM_GET_SUPPORTED_CPUID does not say
 * @param x2apic whether the guest may use x2APIC
 * @param switches features that are switched on or off
 */
public record CpuidShape(
    CpuTopology topology, boolean tscDeadline, boolean x2apic, List<FeatureSwitch> switches) {
  /** Copies the list. */
  public CpuidShape {
    switches = List.copyOf(switches);
  }
}
