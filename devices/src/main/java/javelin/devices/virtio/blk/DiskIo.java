package javelin.devices.virtio.blk;

import static javelin.vmm.linux.Linux.FALLOC_FL_KEEP_SIZE;
import static javelin.vmm.linux.Linux.FALLOC_FL_PUNCH_HOLE;
import static javelin.vmm.linux.Linux.FALLOC_FL_ZERO_RANGE;

import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Requests to a {@link RawDisk}, done at once on the caller's thread by preadv(2), pwritev(2),
 * fdatasync(2) and fallocate(2), straight from and to guest RAM. What direct I/O cannot take from
 * there goes through one buffer of {@value #BOUNCE_LENGTH} bytes, part by part.
 *
 * <p>For one thread at a time.
 */
final class DiskIo {
  private static final int BOUNCE_LENGTH = 1 << 17;

  private final RawDisk disk;
  private final Syscalls syscalls;

  /** Aligned for direct I/O; made when first needed. */
  private UnsafeBuffer bounce;

  DiskIo(RawDisk disk) {
    this.disk = disk;
    syscalls = disk.fd().linux().syscalls();
  }

  /**
   * Does a request.
   *
   * @return 0, or {@code -errno}
   */
  int perform(BlockRequest request) {
    return switch (request.operation()) {
      case READ -> disk.isAligned(request) ? read(request) : readBounced(request);
      case WRITE -> disk.isAligned(request) ? write(request) : writeBounced(request);
      case FLUSH -> disk.flush();
      case DISCARD -> allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request);
      case ZERO -> zero(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, request);
      case ZERO_KEEPING_SPACE -> zero(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, request);
    };
  }

  private int read(BlockRequest request) {
    IoVector data = request.data();
    while (data.bytes() > 0) {
      long done =
          syscalls.preadv(disk.fd().number(), data.address(), data.count(), request.position());
      if (done == 0) {
        return -Errno.EIO.number(); // Someone has shortened the file.
      }
      if (done > 0) {
        data.skip(done);
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    return 0;
  }

  private int write(BlockRequest request) {
    IoVector data = request.data();
    while (data.bytes() > 0) {
      long done =
          syscalls.pwritev(disk.fd().number(), data.address(), data.count(), request.position());
      if (done == 0) {
        return -Errno.EIO.number();
      }
      if (done > 0) {
        data.skip(done);
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    return 0;
  }

  private UnsafeBuffer bounce() {
    if (bounce == null) {
      bounce = NativeMemory.allocate(BOUNCE_LENGTH, Math.max(disk.logicalBlock(), 1 << 12));
    }
    return bounce;
  }

  private int readBounced(BlockRequest request) {
    IoVector data = request.data();
    while (data.bytes() > 0) {
      long part = Math.min(data.bytes(), BOUNCE_LENGTH);
      long done =
          syscalls.pread(disk.fd().number(), bounce().addressOffset(), part, request.position());
      if (done == 0) {
        return -Errno.EIO.number();
      }
      if (done > 0) {
        data.write(bounce(), 0, (int) done);
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    return 0;
  }

  private int writeBounced(BlockRequest request) {
    IoVector data = request.data();
    while (data.bytes() > 0) {
      long at = request.position();
      int part = data.read(bounce(), 0, BOUNCE_LENGTH);
      int result = writeBuffer(bounce(), part, at);
      if (result < 0) {
        return result;
      }
    }
    return 0;
  }

  /** Writes the first {@code length} bytes of {@code buffer} to {@code offset}. */
  private int writeBuffer(UnsafeBuffer buffer, long length, long offset) {
    long written = 0;
    while (written < length) {
      long done =
          syscalls.pwrite(
              disk.fd().number(),
              buffer.addressOffset() + written,
              length - written,
              offset + written);
      if (done == 0) {
        return -Errno.EIO.number();
      }
      if (done > 0) {
        written += done;
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    return 0;
  }

  private int allocate(int mode, BlockRequest request) {
    int result;
    do {
      result = syscalls.fallocate(disk.fd().number(), mode, request.offset(), request.length());
    } while (Errno.EINTR.is(result));
    return result;
  }

  private int zero(int mode, BlockRequest request) {
    int result = allocate(mode, request);
    return Errno.EOPNOTSUPP.is(result) ? writeZeros(request) : result;
  }

  /** Where the host has no call for it. */
  private int writeZeros(BlockRequest request) {
    bounce().setMemory(0, BOUNCE_LENGTH, (byte) 0);
    int result = 0;
    for (long done = 0; done < request.length() && result == 0; done += BOUNCE_LENGTH) {
      long part = Math.min(request.length() - done, BOUNCE_LENGTH);
      result = writeBuffer(bounce(), part, request.offset() + done);
    }
    return result;
  }
}
