package javelin.vmm.kvm;

/** The registers that CPUID returns its answer in. */
public enum CpuidRegister {
  EAX,
  EBX,
  ECX,
  EDX
}
