package javelin.vmm.kvm;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One virtual processor (KVM API, vCPU ioctls).
 *
 * <p>All methods are for the vCPU's own thread, or for another one while the vCPU is not in {@link
 * #run}.
 */
public final class KvmVcpu implements AutoCloseable {
  static final int GUEST_DEBUG_LENGTH = 72;

  private static final int DEBUG_ENABLE = 1;
  private static final int DEBUG_SINGLE_STEP = 2;

  /** MP states (uapi linux/kvm.h). */
  public static final int MP_RUNNABLE = 0;

  public static final int MP_UNINITIALIZED = 1;

  private final int id;
  private final Fd fd;
  private final Mapping mapping;
  private final KvmRun run;
  private final Syscalls syscalls;

  KvmVcpu(int id, Fd fd, Mapping mapping) {
    this.id = id;
    this.fd = fd;
    this.mapping = mapping;
    run = new KvmRun(mapping.address(), (int) mapping.length());
    syscalls = fd.linux().syscalls();
  }

  /** The APIC id. */
  public int id() {
    return id;
  }

  /** The area shared with the kernel: the exit's reason and data. */
  public KvmRun exit() {
    return run;
  }

  /**
   * Runs the guest until its next exit. Allocates nothing.
   *
   * @return 0, or {@code -errno}; EINTR and EAGAIN mean that there may be other work, not an exit
   */
  public int run() {
    return syscalls.ioctl(fd.number(), KvmIoctl.KVM_RUN, 0);
  }

  /**
   * Finishes the instruction that caused the last exit without entering the guest, so that the
   * registers are those behind it (KVM API, 5: the MMIO and I/O exits).
   */
  public void completeExit() {
    run.immediateExit(true);
    int result = run();
    run.immediateExit(false);
    if (result < 0 && !Errno.EINTR.is(result) && !Errno.EAGAIN.is(result)) {
      throw new KvmException("KVM_RUN of vCPU " + id + ": " + Errno.describe(-result));
    }
  }

  private void ioctl(String name, long request, long argument) {
    fd.ioctl(name, request, argument);
  }

  /** Reads the general registers. */
  public KvmRegs regs() {
    KvmRegs regs = new KvmRegs();
    ioctl("KVM_GET_REGS", KvmIoctl.KVM_GET_REGS, regs.address());
    return regs;
  }

  /** Sets the general registers. */
  public void regs(KvmRegs regs) {
    ioctl("KVM_SET_REGS", KvmIoctl.KVM_SET_REGS, regs.address());
  }

  /** Reads the segment and control registers. */
  public KvmSregs sregs() {
    KvmSregs sregs = new KvmSregs();
    ioctl("KVM_GET_SREGS", KvmIoctl.KVM_GET_SREGS, sregs.address());
    return sregs;
  }

  /** Sets the segment and control registers. */
  public void sregs(KvmSregs sregs) {
    ioctl("KVM_SET_SREGS", KvmIoctl.KVM_SET_SREGS, sregs.address());
  }

  /** Sets what CPUID tells the guest: a {@code struct kvm_cpuid2} with its entries. */
  public void cpuid(UnsafeBuffer cpuid) {
    ioctl("KVM_SET_CPUID2", KvmIoctl.KVM_SET_CPUID2, cpuid.addressOffset());
  }

  /** Whether the vCPU runs, waits for INIT, and so on: one of the MP constants. */
  public int mpState() {
    UnsafeBuffer state = NativeMemory.allocate(Integer.BYTES);
    ioctl("KVM_GET_MP_STATE", KvmIoctl.KVM_GET_MP_STATE, state.addressOffset());
    return state.getInt(0);
  }

  /** Sets the MP state. */
  public void mpState(int value) {
    UnsafeBuffer state = NativeMemory.allocate(Integer.BYTES);
    state.putInt(0, value);
    ioctl("KVM_SET_MP_STATE", KvmIoctl.KVM_SET_MP_STATE, state.addressOffset());
  }

  /**
   * Writes an MSR.
   *
   * @return whether KVM took it
   */
  public boolean msr(int index, long value) {
    return MsrList.of(index, value).writeTo(fd) == 1;
  }

  /**
   * The frequency of the guest's time stamp counter (KVM API, 4.56), in kHz.
   *
   * @return 0 where KVM does not know it: the host's counter is not stable (EIO), or KVM is without
   *     KVM_CAP_GET_TSC_KHZ
   */
  public int tscKhz() {
    return Math.max(syscalls.ioctl(fd.number(), KvmIoctl.KVM_GET_TSC_KHZ, 0), 0);
  }

  /** Stops the guest with KVM_EXIT_DEBUG after each instruction, or no more. */
  public void singleStep(boolean on) {
    UnsafeBuffer debug = NativeMemory.allocate(GUEST_DEBUG_LENGTH);
    debug.putInt(0, on ? DEBUG_ENABLE | DEBUG_SINGLE_STEP : 0);
    ioctl("KVM_SET_GUEST_DEBUG", KvmIoctl.KVM_SET_GUEST_DEBUG, debug.addressOffset());
  }

  /** Queues a non-maskable interrupt. */
  public void nmi() {
    ioctl("KVM_NMI", KvmIoctl.KVM_NMI, 0);
  }

  /**
   * All of the vCPU's state, to be set again by a reset.
   *
   * @param msrs the MSRs that belong to it, from {@link KvmSystem#stateMsrs}
   */
  public VcpuState state(int[] msrs) {
    return VcpuState.read(this, fd, msrs);
  }

  /** Sets all of the vCPU's state. */
  public void state(VcpuState state) {
    state.writeTo(this, fd);
  }

  /** The vCPU's binary statistics (KVM API, 4.130), a descriptor to be read by pread. */
  public Fd statistics() {
    int result = syscalls.ioctl(fd.number(), KvmIoctl.KVM_GET_STATS_FD, 0);
    return fd.linux().own(result, "KVM_GET_STATS_FD", "kvm-vcpu-stats:" + id);
  }

  @Override
  public void close() {
    mapping.close();
    fd.close();
  }
}
