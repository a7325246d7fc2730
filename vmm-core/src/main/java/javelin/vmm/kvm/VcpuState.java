package javelin.vmm.kvm;

import java.util.Arrays;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * All state of a vCPU, as opaque bytes but for what has a flyweight of its own: general, segment
 * and control registers, MSRs, local APIC, pending events, debug registers, XSAVE area, XCRs, MP
 * state.
 */
public final class VcpuState {
  static final int LAPIC_LENGTH = 1024;
  static final int EVENTS_LENGTH = 64;
  static final int DEBUGREGS_LENGTH = 128;
  static final int XSAVE_LENGTH = 4096;
  static final int XCRS_LENGTH = 392;

  /** The time-stamp counter keeps counting through a reset, so that vCPUs stay in step. */
  private static final int MSR_IA32_TSC = 0x10;

  private enum Part {
    SREGS(KvmIoctl.KVM_GET_SREGS, KvmIoctl.KVM_SET_SREGS, KvmSregs.LENGTH),
    REGS(KvmIoctl.KVM_GET_REGS, KvmIoctl.KVM_SET_REGS, KvmRegs.LENGTH),
    XCRS(KvmIoctl.KVM_GET_XCRS, KvmIoctl.KVM_SET_XCRS, XCRS_LENGTH),
    XSAVE(KvmIoctl.KVM_GET_XSAVE, KvmIoctl.KVM_SET_XSAVE, XSAVE_LENGTH),
    LAPIC(KvmIoctl.KVM_GET_LAPIC, KvmIoctl.KVM_SET_LAPIC, LAPIC_LENGTH),
    DEBUGREGS(KvmIoctl.KVM_GET_DEBUGREGS, KvmIoctl.KVM_SET_DEBUGREGS, DEBUGREGS_LENGTH),
    EVENTS(KvmIoctl.KVM_GET_VCPU_EVENTS, KvmIoctl.KVM_SET_VCPU_EVENTS, EVENTS_LENGTH);

    private final long get;
    private final long set;
    private final int length;

    Part(long get, long set, int length) {
      this.get = get;
      this.set = set;
      this.length = length;
    }
  }

  private final UnsafeBuffer[] parts = new UnsafeBuffer[Part.values().length];
  private MsrList msrs;
  private int mpState;

  private VcpuState() {}

  static VcpuState read(KvmVcpu vcpu, Fd fd, int[] msrIndices) {
    VcpuState state = new VcpuState();
    for (Part part : Part.values()) {
      UnsafeBuffer bytes = NativeMemory.allocate(part.length);
      try {
        fd.ioctl("KVM_GET_" + part, part.get, bytes.addressOffset());
        state.parts[part.ordinal()] = bytes;
      } catch (ErrnoException e) {
        if (part != Part.XCRS || !e.is(Errno.EINVAL)) {
          throw e;
        } // A host without XSAVE has no such registers.
      }
    }
    state.msrs =
        MsrList.read(
            fd, Arrays.stream(msrIndices).filter(index -> index != MSR_IA32_TSC).toArray());
    state.mpState = vcpu.mpState();
    return state;
  }

  /**
   * The order matters: the APIC base in the sregs before the APIC's registers, the TSC-deadline MSR
   * after them, and pending events last, since setting other parts may queue some.
   */
  void writeTo(KvmVcpu vcpu, Fd fd) {
    vcpu.mpState(mpState);
    for (Part part : Part.values()) {
      if (part == Part.EVENTS) {
        // What KVM lists and reads but refuses to set back has no state that a guest could change.
        msrs.writeAccepted(fd);
      }
      UnsafeBuffer bytes = parts[part.ordinal()];
      if (bytes != null) {
        fd.ioctl("KVM_SET_" + part, part.set, bytes.addressOffset());
      }
    }
    vcpu.mpState(mpState);
  }
}
