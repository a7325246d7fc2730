package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.faults.FaultyDevice;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfiouser.client.VfioUserBackend;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.event.EventLoop;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;

/** The devices of one VM wherever they come from: the host's kernel, servers, or this process. */
final class DeviceSources implements VfioBackend {
  private final Resources owned = new Resources();
  private final List<VfioDevice> devices = new ArrayList<>();

  /** Those in this process, which end after their clients. */
  private final Resources servers;

  /** Null without devices of the host. */
  private final VfioBackend kernel;

  private DeviceSources(
      Linux linux,
      HostFiles host,
      List<AssignSpec> specs,
      Consumer<String> say,
      KvmVm vm,
      GuestMemory memory) {
    try {
      List<String> hosts =
          specs.stream()
              .filter(AssignSpec::isOfHost)
              .map(spec -> spec.device().toString())
              .toList();
      kernel =
          hosts.isEmpty()
              ? null
              : owned.own(KernelVfio.opener(linux, host).open(vm, memory, hosts));
      servers = owned.own(new Resources());
      VfioUserBackend users =
          hosts.size() == specs.size()
              ? null
              : owned.own(new VfioUserBackend(linux, memory, VfioUserBackend.PATIENCE, say));
      int taken = 0;
      for (AssignSpec spec : specs) {
        VfioDevice device =
            spec.isOfHost()
                ? kernel.devices().get(taken++)
                : users.add(spec.device().toString(), connect(linux, spec, say));
        devices.add(isServedHere(spec) ? device : faulty(linux, device, spec.faults()));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private static boolean isServedHere(AssignSpec spec) {
    return spec.device() instanceof AssignSource.Demo || spec.device() instanceof AssignSource.Own;
  }

  /** The device, with faults where any are wanted; those of this process's servers have them. */
  private VfioDevice faulty(Linux linux, VfioDevice device, List<Fault> faults) {
    if (faults.isEmpty()) {
      return device;
    }
    EventLoop loop = owned.own(new EventLoop(linux, "faults"));
    return owned.own(new FaultyDevice(linux, device, faults, loop));
  }

  /**
   * Opens the devices of {@code specs}, and no others.
   *
   * @param say told, in a line, what happens to devices of servers
   */
  static VfioBackend.Opener opener(
      Linux linux, HostFiles host, List<AssignSpec> specs, Consumer<String> say) {
    return (vm, memory, names) -> new DeviceSources(linux, host, specs, say, vm, memory);
  }

  private Fd connect(Linux linux, AssignSpec spec, Consumer<String> say) {
    if (spec.device() instanceof AssignSource.User user) {
      return VfioUserBackend.connect(linux, user.path());
    }
    if (spec.device() instanceof AssignSource.Demo demo) {
      DeviceModel model = demo.device().open(linux, demo.disk(), servers);
      return serve(linux, demo.toString(), model, spec.faults(), say);
    }
    AssignSource.Own own = (AssignSource.Own) spec.device();
    return serve(linux, own.name(), own.model().get(), spec.faults(), say);
  }

  /** Serves a device in this process; returns the client's end. */
  private Fd serve(
      Linux linux, String name, DeviceModel model, List<Fault> faults, Consumer<String> say) {
    Fd[] pair = UnixSocket.pair(linux, name);
    try {
      servers.own(VfioUserServer.serve(linux, name, pair[0], model, faults, say));
      return pair[1];
    } catch (RuntimeException e) {
      pair[1].close();
      throw e;
    }
  }

  @Override
  public List<VfioDevice> devices() {
    return List.copyOf(devices);
  }

  @Override
  public List<String> report() {
    return kernel == null ? List.of() : kernel.report();
  }

  @Override
  public void close() {
    owned.close();
  }
}
