package javelin.perf.boot;

import javelin.boot.guest.TinyGuests;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmRegs.Register;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/**
 * What no monitor can do without to run a guest of one instruction: the calls to KVM, RAM and a
 * vCPU, run by the calling thread, with no device and no table.
 */
final class BareGuest {
  // Where the PC machine has them as well (KVM API, 4.35 and 4.41).
  private static final long TSS_ADDRESS = 0xfffb_d000L;
  private static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
  private static final int CODE = 0x1000;
  private static final int REAL_MODE_LIMIT = 0xffff;
  private static final long RFLAGS_FIXED = 2;

  private BareGuest() {}

  /**
   * Nanoseconds from nothing.
   *
   * @param toEntry to the first KVM_RUN
   * @param toEnd until all is closed again
   */
  record Times(long toEntry, long toEnd) {}

  /** Runs one, in real mode, where its code means the same. */
  static Times run(Linux linux, long ram) {
    long start = System.nanoTime();
    long entry;
    try (Resources owned = new Resources()) {
      KvmSystem kvm = owned.own(KvmSystem.open(linux, KvmSystem.DEVICE));
      KvmVm vm = owned.own(kvm.createVm());
      vm.setTssAddress(TSS_ADDRESS);
      vm.setIdentityMapAddress(IDENTITY_MAP_ADDRESS);
      GuestMemory memory = new GuestMemory();
      memory.addListener(new KvmMemorySlots(vm));
      owned.own(GuestRam.create(linux, RamConfig.of(ram), memory));
      memory.write(CODE, TinyGuests.debugExit(0));
      vm.createIrqchip();
      vm.createPit();
      KvmVcpu vcpu = owned.own(vm.createVcpu(0));
      vcpu.cpuid(kvm.supportedCpuid());
      enterRealMode(vcpu);
      entry = System.nanoTime();
      vcpu.run();
    }
    return new Times(entry - start, System.nanoTime() - start);
  }

  private static void enterRealMode(KvmVcpu vcpu) {
    KvmSregs sregs = vcpu.sregs();
    for (Segment segment : Segment.values()) {
      if (segment.compareTo(Segment.SS) <= 0) {
        int type = sregs.segment(segment).type();
        sregs.segment(
            segment,
            new KvmSegment(0, REAL_MODE_LIMIT, 0, type, true, 0, false, true, false, false, false));
      }
    }
    vcpu.sregs(sregs);
    vcpu.regs(new KvmRegs().set(Register.RIP, CODE).set(Register.RFLAGS, RFLAGS_FIXED));
  }
}
