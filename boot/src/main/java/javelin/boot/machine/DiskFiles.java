package javelin.boot.machine;

import java.nio.file.Files;
import javelin.devices.virtio.blk.RawDisk;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.IoUring;
import javelin.vmm.linux.Linux;

/**
 * Opens the files of disks. One that is written to is locked for as long as it is open, so that two
 * machines do not write to one image; and of a block device the host must make no use.
 */
final class DiskFiles {
  private static final String OPTION = "--disk";
  private static final int SECTOR = 512;

  private DiskFiles() {}

  /**
   * Opens a disk.
   *
   * @throws ConfigException where the file is none, or is in use
   */
  static RawDisk open(Linux linux, DiskSpec spec) {
    Fd fd = openFile(linux, spec);
    try {
      if (!spec.isReadOnly() && !linux.tryLock(fd)) {
        throw new ConfigException(
            OPTION,
            spec.path(),
            "another machine, or another --disk, writes to it: end that, or give each a copy");
      }
      RawDisk disk = new RawDisk(fd, spec.isReadOnly(), spec.isDirect(), aio(linux, spec));
      requireSectors(spec, disk.length());
      return disk;
    } catch (ErrnoException e) {
      fd.close();
      throw refused(spec, "cannot be used: " + e.getMessage());
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private static RawDisk.Aio aio(Linux linux, DiskSpec spec) {
    return switch (spec.aio()) {
      case AUTO -> IoUring.isAvailable(linux) ? RawDisk.Aio.URING : RawDisk.Aio.THREADS;
      case URING -> {
        if (!IoUring.isAvailable(linux)) {
          throw refused(
              spec,
              "this kernel gives no io_uring (it is older than 5.5, or kernel.io_uring_disabled is"
                  + " set): leave aio=uring away");
        }
        yield RawDisk.Aio.URING;
      }
      case THREADS -> RawDisk.Aio.THREADS;
      case SYNC -> RawDisk.Aio.SYNC;
    };
  }

  private static Fd openFile(Linux linux, DiskSpec spec) {
    if (Files.isDirectory(spec.path())) {
      throw refused(spec, "is a directory, give a file");
    }
    try {
      int flags = spec.isReadOnly() ? Linux.O_RDONLY : Linux.O_RDWR | Linux.O_EXCL;
      return linux.open(spec.path().toString(), spec.isDirect() ? flags | Linux.O_DIRECT : flags);
    } catch (ErrnoException e) {
      throw refused(spec, reason(spec, e));
    }
  }

  private static String reason(DiskSpec spec, ErrnoException e) {
    if (e.is(Errno.ENOENT)) {
      return "no such file; `truncate -s 10G " + spec.path() + "` makes an empty disk";
    }
    if (e.is(Errno.EBUSY)) {
      return "the host uses it: unmount it first, or give readonly=on";
    }
    if (spec.isDirect() && e.is(Errno.EINVAL)) {
      return "its file system has no direct I/O: leave cache=none away";
    }
    boolean isForWriting = !spec.isReadOnly();
    if (isForWriting && (e.is(Errno.EACCES) || e.is(Errno.EROFS) || e.is(Errno.EPERM))) {
      return "cannot be written to: " + Errno.describe(e.errno()) + "; try readonly=on";
    }
    return "cannot be opened: " + Errno.describe(e.errno());
  }

  private static void requireSectors(DiskSpec spec, long length) {
    if (length == 0) {
      throw refused(spec, "is empty; `truncate -s 10G " + spec.path() + "` makes a disk of it");
    }
    if (length % SECTOR != 0) {
      throw refused(
          spec,
          String.format(
              "%d bytes are no whole number of sectors of 512; `truncate -s %%512 %s` adds what is"
                  + " missing",
              length, spec.path()));
    }
  }

  private static ConfigException refused(DiskSpec spec, String reason) {
    return new ConfigException(OPTION, spec.path(), reason);
  }
}
