package javelin.boot.machine;

import java.nio.file.Files;
import java.nio.file.Path;
import javelin.devices.virtio.net.MacAddress;
import javelin.devices.virtio.net.NetBackend;
import javelin.devices.virtio.net.StreamBackend;
import javelin.devices.virtio.net.TapBackend;
import javelin.devices.virtio.vhost.VhostNet;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;

/** Opens what network devices are on. */
final class NetBackends {
  private static final String MACHINE_ID = "/etc/machine-id";

  private NetBackends() {}

  /**
   * Opens the network of a device.
   *
   * @throws ConfigException where it cannot be had
   */
  static NetBackend open(Linux linux, NetSpec spec) {
    return switch (spec.kind()) {
      case TAP -> tap(linux, spec);
      case FD -> adopted(linux, spec);
      case PASST -> PasstProcess.start(linux, spec);
      case SOCKET -> socket(linux, spec);
    };
  }

  /**
   * The kernel's vhost-net for a device; null where this process serves it.
   *
   * @param backend the device's, a tap where the kernel is to serve it
   * @throws ConfigException where it cannot be had
   */
  static VhostNet vhost(Linux linux, NetSpec spec, NetBackend backend, GuestMemory memory) {
    if (!spec.isVhost()) {
      return null;
    }
    try {
      return new VhostNet(linux, memory, ((TapBackend) backend).descriptors());
    } catch (ErrnoException e) {
      throw refused(spec, vhostReason(e));
    }
  }

  private static String vhostReason(ErrnoException e) {
    if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV) || e.is(Errno.ENXIO)) {
      return "vhost=on: the host has no "
          + VhostNet.DEVICE
          + "; `modprobe vhost_net` loads its driver, or leave vhost=on away";
    }
    if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
      return "vhost=on: "
          + VhostNet.DEVICE
          + " cannot be opened: "
          + Errno.describe(e.errno())
          + "; on most hosts it is for root and the group kvm, or leave vhost=on away";
    }
    return "vhost=on: the host's kernel refuses it: " + e.getMessage() + "; leave vhost=on away";
  }

  /**
   * The address of a device: as it is given, or derived from this host, the network's name and
   * {@code place}, so that it is the same one in each run.
   */
  static MacAddress mac(NetSpec spec, NetBackend backend, int place) {
    if (spec.mac() != null) {
      return spec.mac();
    }
    String host = HostFiles.system().text(MACHINE_ID).orElse("");
    String name = spec.kind() == NetSpec.Kind.PASST ? "passt " + place : backend.name();
    return MacAddress.derive(host + " " + name);
  }

  private static NetBackend tap(Linux linux, NetSpec spec) {
    try {
      return TapBackend.open(linux, spec.target(), spec.queues());
    } catch (ErrnoException e) {
      throw refused(spec, reason(spec, e));
    }
  }

  private static String reason(NetSpec spec, ErrnoException e) {
    if (e.subject().equals(TapBackend.DEVICE)) {
      if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV) || e.is(Errno.ENXIO)) {
        return "the host has no " + TapBackend.DEVICE + "; `modprobe tun` loads its driver";
      }
      return TapBackend.DEVICE
          + " cannot be opened: "
          + Errno.describe(e.errno())
          + "; its mode is 0666 on most hosts, and --net passt needs no tap";
    }
    String several = spec.queues() > 1 ? " multi_queue" : "";
    String make = "`ip tuntap add " + spec.target() + " mode tap user $USER" + several + "`";
    if (e.is(Errno.EPERM)) {
      return "only root may make this tap, or use one that is not its own: have root run "
          + make
          + ", or use --net passt";
    }
    if (e.is(Errno.EBUSY)) {
      return "another program has this tap open";
    }
    if (e.is(Errno.EINVAL)) {
      return "there is such an interface, but no tap"
          + (several.isEmpty() ? "" : " with several queues")
          + ": choose another name, or delete it and run "
          + make;
    }
    return "cannot be used: " + e.getMessage();
  }

  private static NetBackend adopted(Linux linux, NetSpec spec) {
    try {
      return TapBackend.adopt(linux, Integer.parseInt(spec.target()));
    } catch (IllegalArgumentException e) {
      throw refused(spec, e.getMessage());
    } catch (ErrnoException e) {
      throw refused(spec, "cannot be used: " + e.getMessage());
    }
  }

  private static NetBackend socket(Linux linux, NetSpec spec) {
    try {
      return StreamBackend.connect(linux, spec.target());
    } catch (ErrnoException e) {
      if (e.is(Errno.ENOENT)) {
        throw refused(
            spec, "no such socket; `passt --socket " + spec.target() + "` listens at one");
      }
      if (e.is(Errno.ECONNREFUSED)) {
        boolean isFile = Files.isRegularFile(Path.of(spec.target()));
        throw refused(spec, isFile ? "is a file, no socket" : "nothing listens there any more");
      }
      throw refused(spec, "cannot be connected to: " + Errno.describe(e.errno()));
    }
  }

  static ConfigException refused(NetSpec spec, String reason) {
    return new ConfigException(NetSpec.OPTION, spec, reason);
  }
}
