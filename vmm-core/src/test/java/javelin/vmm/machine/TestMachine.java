package javelin.vmm.machine;

import java.util.List;
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
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** A machine of 1 MiB with one vCPU in real mode that runs code at 0x1000, for tests. */
final class TestMachine implements AutoCloseable {
  static final int CODE = 0x1000;

  final IoSpace ports = IoSpace.ports();
  final IoSpace mmio = IoSpace.mmio();
  final GuestMemory memory = new GuestMemory();
  final KvmVm vm;
  final KvmVcpu vcpu;
  final Machine machine;
  private final Resources owned = new Resources();

  TestMachine(Machine.ResetPolicy policy, int... code) {
    Linux linux = Linux.system();
    KvmSystem kvm = owned.own(KvmSystem.open(linux, KvmSystem.DEVICE));
    vm = owned.own(kvm.createVm());
    vm.setTssAddress(0xfffbd000L);
    vm.setIdentityMapAddress(0xfffbc000L);
    vm.createIrqchip();
    vm.createPit();
    memory.addListener(new KvmMemorySlots(vm));
    owned.own(GuestRam.create(linux, RamConfig.of(1 << 20), memory));
    vcpu = owned.own(vm.createVcpu(0));
    for (int i = 0; i < code.length; i++) {
      memory.writeU8(CODE + i, code[i]);
    }
    enterRealMode();
    var boot = vcpu.state(kvm.stateMsrs());
    machine =
        owned.own(
            new Machine(
                new Machine.Parts(
                    List.of(vcpu),
                    ports,
                    mmio,
                    new KickSignal(linux),
                    () -> vcpu.state(boot),
                    policy,
                    false,
                    null)));
  }

  private void enterRealMode() {
    KvmSregs sregs = vcpu.sregs();
    for (Segment segment : Segment.values()) {
      if (segment.compareTo(Segment.SS) <= 0) {
        KvmSegment old = sregs.segment(segment);
        sregs.segment(
            segment,
            new KvmSegment(0, 0xffff, 0, old.type(), true, 0, false, true, false, false, false));
      }
    }
    vcpu.sregs(sregs);
    vcpu.regs(new KvmRegs().set(Register.RIP, CODE).set(Register.RFLAGS, 2));
  }

  @Override
  public void close() {
    owned.close();
  }
}
