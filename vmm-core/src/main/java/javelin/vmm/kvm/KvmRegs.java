package javelin.vmm.kvm;

import java.util.List;

/**
 * {@code struct kvm_regs} (uapi asm/kvm.h): 18 registers of 64 bits, in the order of {@link
 * Register}.
 */
public final class KvmRegs extends KernelStruct {
  /** Registers in the struct's order. */
  public enum Register {
    RAX(0),
    RBX(8),
    RCX(16),
    RDX(24),
    RSI(32),
    RDI(40),
    RSP(48),
    RBP(56),
    R8(64),
    R9(72),
    R10(80),
    R11(88),
    R12(96),
    R13(104),
    R14(112),
    R15(120),
    RIP(128),
    RFLAGS(136);

    private final int offset;

    Register(int offset) {
      this.offset = offset;
    }
  }

  /** All registers, in the struct's order. */
  public static final List<Register> ALL = List.of(Register.values());

  /** Bytes of the struct. */
  public static final int LENGTH = 18 * Long.BYTES;

  /** All registers 0. */
  public KvmRegs() {
    super(LENGTH);
  }

  /** The value of {@code register}. */
  public long get(Register register) {
    return buffer().getLong(register.offset);
  }

  /** Sets {@code register}. */
  public KvmRegs set(Register register, long value) {
    buffer().putLong(register.offset, value);
    return this;
  }

  /** The instruction pointer. */
  public long rip() {
    return get(Register.RIP);
  }
}
