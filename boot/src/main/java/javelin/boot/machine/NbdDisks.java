package javelin.boot.machine;

import java.util.function.Consumer;
import javelin.devices.virtio.blk.nbd.NbdDisk;
import javelin.devices.virtio.blk.nbd.NbdException;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;

/** Opens disks on NBD servers. */
final class NbdDisks {
  private static final String OPTION = "--disk";

  private NbdDisks() {}

  /**
   * Opens a disk.
   *
   * @param problems told, in a line, what goes wrong with it later
   * @throws ConfigException where the server does not give it
   */
  static NbdDisk open(Linux linux, DiskSpec spec, Consumer<String> problems) {
    try {
      return NbdDisk.open(linux, spec.nbd(), spec.isReadOnly(), spec.queues(), problems);
    } catch (NbdException e) {
      throw new ConfigException(OPTION, spec.place(), e.getMessage());
    } catch (ErrnoException e) {
      throw new ConfigException(OPTION, spec.place(), reason(spec, e));
    }
  }

  private static String reason(DiskSpec spec, ErrnoException e) {
    if (e.is(Errno.ENOENT)) {
      return "no such socket; `qemu-nbd --persistent --shared=0 --socket="
          + spec.nbd().path()
          + " IMAGE` listens at one";
    }
    if (e.is(Errno.ECONNREFUSED)) {
      return "nothing listens there";
    }
    return "cannot be connected to: " + Errno.describe(e.errno());
  }
}
