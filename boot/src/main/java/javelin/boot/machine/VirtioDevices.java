package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import javelin.devices.console.BackendException;
import javelin.devices.console.SerialBackend;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciBus;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.VirtioKind;
import javelin.devices.virtio.balloon.VirtioBalloon;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.devices.virtio.console.NamedPort;
import javelin.devices.virtio.console.VirtioConsole;
import javelin.devices.virtio.fs.VirtioFs;
import javelin.devices.virtio.net.NetBackend;
import javelin.devices.virtio.net.VirtioNet;
import javelin.devices.virtio.pci.VirtioMachine;
import javelin.devices.virtio.pci.VirtioPciFunction;
import javelin.devices.virtio.rng.VirtioRng;
import javelin.devices.virtio.vhost.VhostNet;
import javelin.devices.virtio.vsock.VirtioVsock;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.ListenException;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Resources;

/**
 * The virtio devices on the guest's bus, with event loops for their queues: one for each queue of a
 * disk, and one for each of the other devices. They take the free places that those with an address
 * of their own have left.
 */
final class VirtioDevices implements AutoCloseable {
  private final VirtioMachine machine;
  private final BackendOpener backends;

  /** Null where there is none. */
  private VirtioConsole console;

  private VirtioBalloon balloon;

  private final Resources owned = new Resources();
  private final List<EventLoop> allLoops = new ArrayList<>();

  /**
   * Makes the devices and puts them on the bus.
   *
   * @param backends opens what consoles and ports talk to
   * @throws ConfigException where one cannot be had
   */
  VirtioDevices(VirtioSpecs specs, VirtioMachine machine, BackendOpener backends) {
    this.machine = machine;
    this.backends = backends;
    try {
      for (DiskSpec disk : specs.disks()) {
        addWithLoops(
            "--disk", disk.place(), disk.queues(), withheld(disk.isPacked()), loops -> blk(disk));
      }
      if (specs.rng() != null) {
        add("--rng", "", 1, loop -> rng(loop, specs.rng()));
      }
      for (int i = 0; i < specs.nets().size(); i++) {
        NetSpec net = specs.nets().get(i);
        int place = i;
        addWithLoops(
            NetSpec.OPTION,
            net.toString(),
            net.isVhost() ? 1 : VirtioNet.queues(net.queues()),
            withheld(net.isPacked()),
            loops -> net(net, place, loops));
      }
      addConsoles(specs.consoles());
      if (specs.balloon() != null) {
        add("--balloon", "", 1, loop -> balloon(specs.balloon()));
      }
      if (specs.vsock() != null) {
        add(VsockSpec.OPTION, specs.vsock().toString(), 1, loop -> vsock(loop, specs.vsock()));
      }
      for (FsSpec folder : specs.folders()) {
        add(FsSpec.OPTION, folder.toString(), 1, loop -> fs(loop, folder));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private static long withheld(boolean isPacked) {
    return isPacked ? 0 : VirtioFeature.RING_PACKED;
  }

  private VirtioDevice blk(DiskSpec spec) {
    BlockBackend disk =
        spec.nbd() == null
            ? DiskFiles.open(machine.linux(), spec)
            : NbdDisks.open(machine.linux(), spec, machine.problems());
    return new VirtioBlk(disk, spec.serial(), spec.queues(), spec.pollNanos());
  }

  private VirtioDevice net(NetSpec spec, int place, List<EventLoop> loops) {
    NetBackend backend = NetBackends.open(machine.linux(), spec);
    try {
      VhostNet vhost = NetBackends.vhost(machine.linux(), spec, backend, machine.memory());
      return new VirtioNet(
          backend, NetBackends.mac(spec, backend, place), loops::get, spec.pollNanos(), vhost);
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  private static VirtioDevice rng(EventLoop loop, RngSpec spec) {
    return spec.rate() == 0
        ? new VirtioRng(loop)
        : new VirtioRng(loop, spec.rate(), System::nanoTime);
  }

  private VirtioDevice balloon(BalloonSpec spec) {
    balloon = new VirtioBalloon(machine.memory(), machine.linux().syscalls(), spec.pages());
    return balloon;
  }

  private static VirtioDevice vsock(EventLoop loop, VsockSpec spec) {
    try {
      return new VirtioVsock(loop, spec.cid(), spec.path());
    } catch (ListenException | ErrnoException e) {
      throw new ConfigException(VsockSpec.OPTION, spec, e.getMessage());
    }
  }

  private VirtioKind fs(EventLoop loop, FsSpec spec) {
    SharedFolder folder = owned.own(SharedFolder.open(machine.linux(), spec));
    return new VirtioFs(spec.tag(), folder.name(spec), folder.backEnd(), machine.memory(), loop);
  }

  /** The console and the ports are a device each: {@link VirtioConsole} says why. */
  private void addConsoles(ConsoleSpec specs) {
    if (specs.console() != null) {
      add(ConsoleSpec.OPTION, specs.console().toString(), 1, loop -> console(loop, specs));
    }
    if (!specs.ports().isEmpty()) {
      add(PortSpec.OPTION, "", 1, loop -> ports(loop, specs.ports()));
    }
  }

  private VirtioDevice console(EventLoop loop, ConsoleSpec specs) {
    console =
        VirtioConsole.console(open(ConsoleSpec.OPTION, "virtio console", specs.console(), loop));
    return console;
  }

  private VirtioDevice ports(EventLoop loop, List<PortSpec> specs) {
    List<NamedPort> ports = new ArrayList<>();
    Resources opened = new Resources();
    try {
      for (PortSpec spec : specs) {
        String user = "virtio port " + spec.name();
        ports.add(
            new NamedPort(spec.name(), opened.own(open(PortSpec.OPTION, user, spec.to(), loop))));
      }
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
    return VirtioConsole.ports(ports);
  }

  private SerialBackend open(String option, String user, SerialSpec spec, EventLoop loop) {
    try {
      return backends.open(user, spec, loop);
    } catch (BackendException | ErrnoException e) {
      throw new ConfigException(option, spec, e.getMessage());
    }
  }

  /** The terminal that Javelin runs on has another size. Any thread may call. */
  void terminalResized() {
    if (console != null) {
      console.resized();
    }
  }

  /** The balloon, where there is one. */
  Optional<VirtioBalloon> balloon() {
    return Optional.ofNullable(balloon);
  }

  private void add(
      String option, String value, int threads, Function<EventLoop, VirtioKind> maker) {
    addWithLoops(option, value, threads, 0, loops -> maker.apply(loops.get(0)));
  }

  private void addWithLoops(
      String option,
      String value,
      int threads,
      long withheld,
      Function<List<EventLoop>, VirtioKind> maker) {
    PciBus bus = machine.pci().bus();
    PciAddress slot;
    try {
      slot = bus.freeDevice();
    } catch (IllegalArgumentException e) {
      throw new ConfigException(option, value, e.getMessage());
    }
    List<EventLoop> loops = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      loops.add(owned.own(new EventLoop(machine.linux(), "virtio " + slot + " " + i)));
    }
    allLoops.addAll(loops);
    VirtioPciFunction function =
        owned.own(
            new VirtioPciFunction(
                maker.apply(loops), withheld, machine, slot, queue -> loops.get(queue % threads)));
    bus.add(slot, function);
    owned.own((AutoCloseable) () -> bus.remove(slot));
  }

  /** How often the devices' threads have been woken to do something so far. */
  long wakeUps() {
    return allLoops.stream().mapToLong(EventLoop::handled).sum();
  }

  @Override
  public void close() {
    owned.close();
  }
}
