package javelin.perf.exits;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmRegs;
import javelin.vmm.kvm.KvmRegs.Register;
import javelin.vmm.kvm.KvmSegment;
import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.kvm.KvmSregs.Segment;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.KickSignal;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.Machine;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.CloseHelper;

/**
 * The smallest machine that runs an {@link ExitLoop}: 64 KiB of RAM, one vCPU in real mode, the
 * kernel's interrupt controllers, and Javelin's own exit loop.
 */
public final class LoopMachine implements AutoCloseable {
  private static final int RAM_BYTES = 0x1_0000;

  // Where the PC machine has them as well (KVM API, 4.35 and 4.41).
  static final long TSS_ADDRESS = 0xfffb_d000L;
  static final long IDENTITY_MAP_ADDRESS = 0xfffb_c000L;
  private static final int REAL_MODE_LIMIT = 0xffff;
  private static final long RFLAGS_FIXED = 2;

  private final List<AutoCloseable> owned = new ArrayList<>();
  private KvmVcpu vcpu;
  private Machine machine;

  private LoopMachine() {}

  /**
   * Sets the machine up.
   *
   * @param handler takes what the loop writes
   * @throws javelin.vmm.kvm.KvmException where KVM cannot be used; nothing is left behind
   */
  public static LoopMachine create(ExitLoop loop, IoHandler handler) {
    LoopMachine made = new LoopMachine();
    try {
      made.build(loop, handler);
      return made;
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
  }

  private void build(ExitLoop loop, IoHandler handler) {
    Linux linux = Linux.system();
    KvmSystem kvm = own(KvmSystem.open(linux, KvmSystem.DEVICE));
    KvmVm vm = own(kvm.createVm());
    vm.setTssAddress(TSS_ADDRESS);
    vm.setIdentityMapAddress(IDENTITY_MAP_ADDRESS);
    vm.createIrqchip();
    vm.createPit();
    GuestMemory memory = new GuestMemory();
    memory.addListener(new KvmMemorySlots(vm));
    own(GuestRam.create(linux, RamConfig.of(RAM_BYTES), memory));
    memory.write(ExitLoop.ORIGIN, loop.code());
    IoSpace ports = IoSpace.ports();
    IoSpace mmio = IoSpace.mmio();
    (loop == ExitLoop.PORT ? ports : mmio).register(loop.label(), loop.target(), 1, handler);
    vcpu = own(vm.createVcpu(0));
    enterRealMode(vcpu);
    machine = own(new Machine(parts(linux, ports, mmio)));
  }

  private <T extends AutoCloseable> T own(T part) {
    owned.add(part);
    return part;
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
    vcpu.regs(new KvmRegs().set(Register.RIP, ExitLoop.ORIGIN).set(Register.RFLAGS, RFLAGS_FIXED));
  }

  private Machine.Parts parts(Linux linux, IoSpace ports, IoSpace mmio) {
    return new Machine.Parts(
        List.of(vcpu),
        ports,
        mmio,
        new KickSignal(linux),
        () -> {},
        new Machine.ResetPolicy(false, false),
        false,
        null);
  }

  /** The machine, which has not been started. */
  public Machine machine() {
    return machine;
  }

  /** The vCPU, for those who run it themselves instead of {@link #machine}. */
  public KvmVcpu vcpu() {
    return vcpu;
  }

  @Override
  public void close() {
    for (int i = owned.size() - 1; i >= 0; i--) {
      CloseHelper.quietClose(owned.get(i));
    }
    owned.clear();
  }
}
