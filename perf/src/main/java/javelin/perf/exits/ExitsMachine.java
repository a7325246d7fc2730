package javelin.perf.exits;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.bench.BenchPorts;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.boot.kernel.BootFile;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.kernel.KernelConfig;
import javelin.boot.kernel.KernelLoader;
import javelin.boot.machine.BootRegisters;
import javelin.boot.machine.CpuSetup;
import javelin.boot.machine.MachineConfig;
import javelin.devices.legacy.DebugExit;
import javelin.devices.legacy.SerialPort;
import javelin.perf.guest.ConsoleLines;
import javelin.perf.guest.SampleText;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmStats;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.KickSignal;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.machine.Machine;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/**
 * The machine that Javelin runs the measuring guest on: of a PC as much as the guest touches, on
 * Javelin's own exit loop, buses and interrupts, and what {@link BenchDevices} has.
 */
final class ExitsMachine implements AutoCloseable {
  static final int COM1 = 0x3f8;

  private static final int MIN_RAM_BYTES = 4 << 20;
  private static final int RAM_STEP = 2 << 20;

  private final Resources owned = new Resources();
  private final GuestMemory memory = new GuestMemory();
  private final List<KvmVcpu> vcpus = new ArrayList<>();
  private final CpuSetup cpus;
  private final Machine machine;

  /**
   * Sets the machine up, with the guest in RAM and the boot processor at its entry.
   *
   * @param console hears of each line that the guest writes, on its thread
   * @throws javelin.vmm.kvm.KvmException where KVM cannot be used; nothing is left behind
   */
  ExitsMachine(Linux linux, GuestProgram program, CaseMeter meter, Consumer<String> console) {
    try {
      KvmSystem kvm = owned.own(KvmSystem.open(linux, KvmSystem.DEVICE));
      KvmVm vm = owned.own(kvm.createVm());
      vm.setTssAddress(LoopMachine.TSS_ADDRESS);
      vm.setIdentityMapAddress(LoopMachine.IDENTITY_MAP_ADDRESS);
      vm.createIrqchip();
      vm.createPit();
      GsiRoutes routes = new GsiRoutes(vm);
      routes.update(batch -> {});
      memory.addListener(new KvmMemorySlots(vm));
      owned.own(GuestRam.create(linux, RamConfig.of(ramBytes(program)), memory));
      cpus = new CpuSetup(kvm, MachineConfig.builder().cpus(ExitsGuest.CPUS).build());
      for (int i = 0; i < ExitsGuest.CPUS; i++) {
        KvmVcpu vcpu = owned.own(vm.createVcpu(i));
        cpus.configure(vcpu, i);
        vcpus.add(vcpu);
      }
      EventLoop loop = owned.own(new EventLoop(linux, "doorbell"));
      IoSpace ports = IoSpace.ports();
      IoSpace mmio = IoSpace.mmio();
      machine = owned.own(machine(linux, ports, mmio));
      ConsoleLines lines = new ConsoleLines(SampleText.LONGEST_LINE + 1, console);
      new SerialPort(active -> {}, new LineBackend(lines)).attach(ports, COM1);
      new DebugExit(machine).attach(ports, BenchPorts.DEBUG_EXIT);
      owned.own(new BenchDevices(linux, vm, routes, ports, mmio, loop, meter));
      meter.watch(machine, loop, statistics(vm));
      load(linux, program);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private static long ramBytes(GuestProgram program) {
    GuestProgram.Segment last = program.segments().get(program.segments().size() - 1);
    long end = last.address() + last.memorySize();
    return Math.max(MIN_RAM_BYTES, (end + 2 * RAM_STEP) / RAM_STEP * RAM_STEP);
  }

  private Machine machine(Linux linux, IoSpace ports, IoSpace mmio) {
    return new Machine(
        new Machine.Parts(
            vcpus,
            ports,
            mmio,
            new KickSignal(linux),
            () -> {},
            new Machine.ResetPolicy(false, false),
            false,
            null));
  }

  private List<KvmStats> statistics(KvmVm vm) {
    if (vm.check(KvmCapability.BINARY_STATS_FD) == 0) {
      return List.of();
    }
    return vcpus.stream().map(vcpu -> owned.own(KvmStats.open(vcpu.statistics()))).toList();
  }

  private void load(Linux linux, GuestProgram program) {
    KernelConfig config =
        new KernelConfig(
            BootFile.of("the measuring guest", ElfWriter.write(program)),
            null,
            "",
            BootProtocol.LINUX,
            ExitsGuest.CPUS,
            0,
            List.of());
    BootRegisters.apply(vcpus.get(0), new KernelLoader(linux).load(config, memory));
  }

  /** The machine, which has not been started. */
  Machine machine() {
    return machine;
  }

  /** RAM from address 0 on. */
  GuestMemory memory() {
    return memory;
  }

  /** The processors, the boot processor first. */
  List<KvmVcpu> vcpus() {
    return vcpus;
  }

  /** What the processors are. */
  CpuSetup cpus() {
    return cpus;
  }

  @Override
  public void close() {
    owned.close();
  }
}
