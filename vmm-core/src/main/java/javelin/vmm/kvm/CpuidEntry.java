package javelin.vmm.kvm;

/**
 * What CPUID answers for one leaf: the contents of {@code struct kvm_cpuid_entry2} (uapi
 * asm/kvm.h).
 *
 * @param function the leaf, EAX as the guest asks
 * @param index the sub-leaf, ECX as the guest asks; 0 where it does not count
 * @param flags {@link #INDEX_COUNTS}, or 0
 * @param eax the answer's EAX
 * @param ebx the answer's EBX
 * @param ecx the answer's ECX
 * @param edx the answer's EDX
 */
public record CpuidEntry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
  /** KVM_CPUID_FLAG_SIGNIFCANT_INDEX: the answer is for one sub-leaf only. */
  public static final int INDEX_COUNTS = 1;

  /** One of the four registers. */
  public int get(CpuidRegister register) {
    return switch (register) {
      case EAX -> eax;
      case EBX -> ebx;
      case ECX -> ecx;
      case EDX -> edx;
    };
  }

  /** The same answer but for one register. */
  public CpuidEntry with(CpuidRegister register, int value) {
    return new CpuidEntry(
        function,
        index,
        flags,
        register == CpuidRegister.EAX ? value : eax,
        register == CpuidRegister.EBX ? value : ebx,
        register == CpuidRegister.ECX ? value : ecx,
        register == CpuidRegister.EDX ? value : edx);
  }

  /**
   * The same answer but for the bits of {@code mask} in one register, which become {@code bits}.
   */
  public CpuidEntry withBits(CpuidRegister register, int mask, int bits) {
    return with(register, (get(register) & ~mask) | (bits & mask));
  }

  @Override
  public String toString() {
    return String.format(
        "CPUID 0x%x.%d: eax=%08x ebx=%08x ecx=%08x edx=%08x", function, index, eax, ebx, ecx, edx);
  }
}
