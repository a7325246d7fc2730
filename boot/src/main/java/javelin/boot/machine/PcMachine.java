package javelin.boot.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import javelin.boot.acpi.AcpiImage;
import javelin.boot.acpi.AcpiMachine;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import javelin.boot.acpi.AcpiTables;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.assign.AssignCheckGuest;
import javelin.boot.guest.assign.VirtioCheckGuest;
import javelin.boot.guest.selftest.SelfTestGuest;
import javelin.boot.kernel.BootFile;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.kernel.BootState;
import javelin.boot.kernel.KernelConfig;
import javelin.boot.kernel.KernelLoader;
import javelin.boot.kernel.UnpackedKernels;
import javelin.boot.kernel.UserCache;
import javelin.devices.console.SerialBackend;
import javelin.devices.legacy.DeviceClock;
import javelin.devices.pci.PciRoot;
import javelin.devices.virtio.pci.VirtioMachine;
import javelin.passthrough.assigned.GuestSide;
import javelin.passthrough.vfio.VfioBackend;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.irq.IrqLines;
import javelin.vmm.kvm.IrqchipState;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmStats;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.kvm.VcpuState;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.KickSignal;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.machine.CrashReport;
import javelin.vmm.machine.ExitStats;
import javelin.vmm.machine.Machine;
import javelin.vmm.machine.StopReason;
import javelin.vmm.machine.VcpuCrash;
import javelin.vmm.machine.VcpuReport;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.CloseHelper;

/**
 * A PC, from its configuration to a guest that runs: the constructor is the one straight way there.
 *
 * <p>For one thread, but for {@link #pressPowerButton}, {@link #stop}, {@link #terminalResized} and
 * {@link #stats}.
 */
public final class PcMachine implements AutoCloseable {
  /** How often a guest is asked for figures of its memory, where the user wants statistics. */
  private static final long BALLOON_REFRESH_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final MachineConfig config;
  private final Linux linux;
  private final Resources owned = new Resources();
  private final GuestMemory memory = new GuestMemory();
  private final KvmVm vm;
  private final List<KvmVcpu> vcpus = new ArrayList<>();
  private final EventLoop loop;
  private final PcDevices devices;
  private final AssignedDevices assigned;
  private final VirtioDevices virtio;
  private final Machine machine;
  private final AcpiImage acpi;
  private final Tracer tracer;
  private final LaunchTimes launch;
  private final Consumer<String> say;

  /** The window for 64-bit BARs. */
  private final Optional<AddressRange> mmio64;

  /** State at power-on, that a reset returns to. */
  private final IrqchipState irqchipAtPowerOn;

  private final List<VcpuState> vcpusAtPowerOn = new ArrayList<>();

  /**
   * Builds the machine and loads the guest; nothing runs yet. Where it throws, nothing is left
   * behind.
   *
   * @param serialBackend makes what COM1 talks to, on the machine's event loop; the machine closes
   *     it
   */
  public PcMachine(
      Linux linux, MachineConfig config, Function<EventLoop, SerialBackend> serialBackend) {
    this(linux, config, serialBackend, System.err::println);
  }

  /**
   * As above.
   *
   * @param err hears what is said and traced, a line each, on any thread; standard error unless
   *     told otherwise
   */
  public PcMachine(
      Linux linux,
      MachineConfig config,
      Function<EventLoop, SerialBackend> serialBackend,
      Consumer<String> err) {
    this(
        linux,
        config,
        serialBackend,
        err,
        devices(linux, config, line -> err.accept("javelin: " + line)));
  }

  /**
   * As above, with assigned devices that need not be this host's.
   *
   * @param vfio opens the assigned devices
   */
  public PcMachine(
      Linux linux,
      MachineConfig config,
      Function<EventLoop, SerialBackend> serialBackend,
      Consumer<String> err,
      VfioBackend.Opener vfio) {
    this(
        linux,
        config,
        serialBackend,
        err,
        vfio,
        (user, spec, loop) ->
            SerialBackends.open(user, spec, loop, null, line -> err.accept("javelin: " + line)),
        new LaunchTimes());
  }

  /**
   * As above, with virtio consoles that are opened in another way.
   *
   * @param backends opens what virtio consoles and ports talk to; the machine closes it
   * @param launch is told when the machine comes to each phase of its launch
   */
  public PcMachine(
      Linux linux,
      MachineConfig config,
      Function<EventLoop, SerialBackend> serialBackend,
      Consumer<String> err,
      VfioBackend.Opener vfio,
      BackendOpener backends,
      LaunchTimes launch) {
    this.linux = linux;
    this.config = config;
    this.launch = launch;
    say = line -> err.accept("javelin: " + line);
    try {
      KvmSystem kvm = owned.own(KvmSystem.open(linux, config.kvmDevice().toString()));
      vm = owned.own(kvm.createVm());
      vm.setTssAddress(PcLayout.TSS);
      vm.setIdentityMapAddress(PcLayout.IDENTITY_MAP);
      launch.reached(LaunchPhase.VM);

      // Before the interrupt controllers: their places on KVM's buses change after a grace period
      // of
      // the kernel, which the next memory slot would wait for.
      KvmMemorySlots slots = new KvmMemorySlots(vm);
      memory.addListener(slots);
      owned.own(GuestRam.create(linux, ram(config), memory, say));
      launch.reached(LaunchPhase.MEMORY);

      vm.createIrqchip();
      vm.createPit();
      GsiRoutes routes = new GsiRoutes(vm);
      routes.update(batch -> {});
      CpuSetup cpus = new CpuSetup(kvm, config);
      for (int i = 0; i < config.cpus(); i++) {
        KvmVcpu vcpu = owned.own(vm.createVcpu(i));
        cpus.configure(vcpu, i);
        vcpus.add(vcpu);
      }
      launch.reached(LaunchPhase.VCPUS);
      mmio64 = PcLayout.mmio64(ramEnd(), cpus.addressBits());
      acpi = AcpiTables.build(acpiMachine(), PcLayout.ACPI_TABLES);

      loop = owned.own(new EventLoop(linux, "devices"));
      SerialBackend serial = owned.own(serialBackend.apply(loop));
      tracer = new Tracer(config.trace(), err);
      IoSpace ports = IoSpace.ports();
      IoSpace mmio = IoSpace.mmio();
      IrqLines lines = new IrqLines(vm);
      IntFunction<IrqLine> irqs = gsi -> tracer.line(gsi, lines.line(gsi));
      PciRoot pci =
          new PciRoot(ports, mmio, PcLayout.portWindows(), PcLayout.mmioWindows(mmio64), irqs);
      machine =
          owned.own(
              new Machine(
                  new Machine.Parts(
                      vcpus,
                      ports,
                      mmio,
                      new KickSignal(linux),
                      this::reset,
                      new Machine.ResetPolicy(
                          config.onReset() == ResetPolicy.RESET,
                          config.onTripleFault() == ResetPolicy.RESET),
                      config.timeExits(),
                      tracer.exits())));
      devices =
          owned.own(
              new PcDevices(
                  ports, mmio, irqs, machine, DeviceClock.of(loop), serial, memory, pci.bus()));
      DeviceRelease release =
          owned.own(
              new DeviceRelease(
                  loop,
                  this::pressPowerButton,
                  () -> stop("the host, which wants a device back"),
                  say));
      GuestSide guestSide =
          new GuestSide(linux, vm, routes, slots, pci, loop, say, release::wantedBack);
      assigned =
          owned.own(
              new AssignedDevices(config.assigned(), vfio, tracer::device, guestSide, memory));
      virtio =
          owned.own(
              new VirtioDevices(
                  config.virtio(),
                  new VirtioMachine(linux, vm, routes, pci, memory, say),
                  backends));
      if (config.timeExits()) {
        virtio
            .balloon()
            .ifPresent(balloon -> balloon.refreshStatistics(loop, BALLOON_REFRESH_NANOS));
      }

      launch.reached(LaunchPhase.DEVICES);

      irqchipAtPowerOn = vm.irqchipState();
      int[] msrs = kvm.stateMsrs();
      for (KvmVcpu vcpu : vcpus) {
        vcpusAtPowerOn.add(vcpu.state(msrs));
      }
      load();
      launch.reached(LaunchPhase.KERNEL);
      machine.onFirstEntry(
          () -> {
            launch.reached(LaunchPhase.ENTRY);
            // Lines take their time; the processor that is about to run shall not wait for them.
            loop.execute(() -> tracer.launch(launch));
          });
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /**
   * Opens the devices that {@code config} assigns, wherever they come from.
   *
   * @param say told, in a line, what happens to devices of servers
   */
  public static VfioBackend.Opener devices(
      Linux linux, MachineConfig config, Consumer<String> say) {
    return DeviceSources.opener(linux, HostFiles.system(), config.assigned(), say);
  }

  /** RAM that is pinned for devices is present first: one thread pins, several can clear pages. */
  private static RamConfig ram(MachineConfig config) {
    boolean prefault =
        config.assigned().stream().anyMatch(spec -> spec.isOfHost() && spec.options().prefault());
    return prefault ? config.ram().prefaulted() : config.ram();
  }

  /** The first guest-physical address behind RAM. */
  private long ramEnd() {
    return memory.regions().get(memory.regions().size() - 1).guestEnd();
  }

  private AcpiMachine acpiMachine() {
    return new AcpiMachine(
        IntStream.range(0, config.cpus()).boxed().toList(),
        PcLayout.LOCAL_APIC,
        PcLayout.IO_APIC,
        PcLayout.POWER,
        PcLayout.pciRoot(mmio64),
        new LegacyDevices(List.of(PcLayout.COM1), true, true));
  }

  /** Puts the tables and the guest into RAM, and the boot CPU at the guest's first instruction. */
  private void load() {
    memory.write(acpi.address(), acpi.bytes());
    BootState state = new KernelLoader(linux).load(kernelConfig(), memory);
    BootRegisters.apply(vcpus.get(0), state);
  }

  private KernelConfig kernelConfig() {
    if (config.guest() instanceof GuestImage.KernelFile file) {
      Path kernel =
          file.unpack()
              ? new UnpackedKernels(UserCache.folder().resolve("kernels"), say).of(file.kernel())
              : file.kernel();
      return new KernelConfig(
          BootFile.of(kernel),
          file.initrd() == null ? null : BootFile.of(file.initrd()),
          file.commandLine(),
          file.protocol(),
          config.cpus(),
          acpi.rsdpAddress(),
          PcLayout.reserved());
    }
    return new KernelConfig(
        BootFile.of("the built-in guest", ElfWriter.write(builtIn())),
        null,
        "",
        BootProtocol.LINUX,
        config.cpus(),
        acpi.rsdpAddress(),
        PcLayout.reserved());
  }

  private GuestProgram builtIn() {
    if (config.guest() instanceof GuestImage.Assembled assembled) {
      return assembled.program().apply(PcLayout.pciPlatform(mmio64));
    }
    return switch ((GuestImage.BuiltIn) config.guest()) {
      case SELF_TEST -> SelfTestGuest.program();
      case ASSIGN_CHECK -> AssignCheckGuest.program(PcLayout.pciPlatform(mmio64));
      case VIRTIO_CHECK -> VirtioCheckGuest.program(PcLayout.pciPlatform(mmio64));
    };
  }

  private void reset() {
    devices.reset();
    vm.irqchipState(irqchipAtPowerOn);
    for (int i = 0; i < vcpus.size(); i++) {
      vcpus.get(i).state(vcpusAtPowerOn.get(i));
    }
    load();
  }

  /** Runs the guest until it stops, or the configured time is over. */
  public StopReason run() throws InterruptedException {
    StopReason reason = machine.run(config.timeout());
    // A guest may be over before the event loop has got to it.
    tracer.launch(launch);
    return reason;
  }

  /**
   * The report of a vCPU that could not go on, for people.
   *
   * @param crash why {@link #run} ended
   */
  public String crashReport(VcpuCrash crash) {
    return new CrashReport(crash, vcpuReport(crash.vcpu())).text();
  }

  /** Where a vCPU stands; for use once {@link #run} has ended. */
  public VcpuReport vcpuReport(int index) {
    KvmVcpu vcpu = vcpus.get(index);
    List<String> exits = machine.recentExits(index).describe();
    return new VcpuReport(vcpu.regs(), vcpu.sregs(), memory, exits);
  }

  /** Presses the power button; returns whether the guest listens to it. Any thread may call. */
  public boolean pressPowerButton() {
    return devices.pressPowerButton();
  }

  /** Stops the machine; {@code by} names who asks. Any thread may call. */
  public void stop(String by) {
    machine.stop(new StopReason.Requested(by));
  }

  /** The terminal that Javelin runs on has another size. Any thread may call. */
  public void terminalResized() {
    virtio.terminalResized();
  }

  /** What assigned devices have taken of the host and cost, a line each; none without such. */
  public List<String> assignmentReport() {
    return assigned.report();
  }

  /** The guest's balloon, where it has one. */
  public Optional<GuestBalloon> balloon() {
    return virtio.balloon().map(device -> new GuestBalloon(device, config.ram().size()));
  }

  /** Exit statistics of each vCPU. Any thread may call. */
  public List<ExitStats> stats() {
    return IntStream.range(0, machine.vcpuCount()).mapToObj(machine::stats).toList();
  }

  /**
   * KVM's own statistics of the VM and of each vCPU, in this order; the caller closes them.
   *
   * @throws ErrnoException where this kernel has none (before Linux 5.14)
   */
  public List<KvmStats> kvmStats() {
    List<KvmStats> stats = new ArrayList<>();
    try {
      stats.add(KvmStats.open(vm.statistics()));
      for (KvmVcpu vcpu : vcpus) {
        stats.add(KvmStats.open(vcpu.statistics()));
      }
      return stats;
    } catch (RuntimeException e) {
      CloseHelper.quietCloseAll(stats);
      throw e;
    }
  }

  /** Frequency of the guest's time stamp counter in kHz; 0 where KVM does not know it. */
  public int tscKhz() {
    return vcpus.get(0).tscKhz();
  }

  /** How often a thread for devices has been woken to do something so far. Any thread may ask. */
  public long wakeUps() {
    return loop.handled() + virtio.wakeUps();
  }

  /**
   * Has {@code listener} hear each code that the guest writes to the POST port, on the thread of
   * the vCPU, which waits for it; before {@link #run}.
   */
  public void onPostCode(IntConsumer listener) {
    devices.onPostCode(listener);
  }

  @Override
  public void close() {
    owned.close();
  }
}
