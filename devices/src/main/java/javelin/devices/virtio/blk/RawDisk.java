package javelin.devices.virtio.blk;

import java.util.function.Supplier;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A raw image file or a block device of the host. Its channels do requests through io_uring, by
 * threads, or on the caller's own.
 *
 * <p>The kernel reports a failure to write back once only, and then forgets the pages: so flushes
 * are made one after the other, and once one has failed, all later ones fail, too. Channels share
 * nothing else.
 */
public final class RawDisk implements BlockBackend {
  /** Of block devices (uapi linux/fs.h): the sizes of sectors, int each. */
  private static final long BLKSSZGET = 0x1268;

  private static final long BLKPBSZGET = 0x127b;
  private static final int SMALLEST_BLOCK = 512;
  private static final int LARGEST_BLOCK = 1 << 20;

  /** What file systems allocate in, mostly. */
  private static final int FILE_BLOCK = 4096;

  /** How channels do requests. */
  public enum Aio {
    /** Through io_uring, where {@link javelin.vmm.linux.IoUring#isAvailable} says so. */
    URING,
    THREADS,
    /** On the thread of the queue, which waits. */
    SYNC
  }

  private final Fd fd;
  private final Syscalls syscalls;
  private final boolean isReadOnly;
  private final boolean isDirect;
  private final Aio aio;
  private final long length;
  private final int logicalBlock;
  private final int physicalBlock;

  /** {@code -errno} of the flush that failed, or 0; guarded by {@link #flushing}. */
  private int flushFailure;

  /** Held during a flush. */
  private final Object flushing = new Object();

  /** A cached disk on {@code fd}, as below, whose queues wait for it. */
  public RawDisk(Fd fd, boolean isReadOnly) {
    this(fd, isReadOnly, false, Aio.SYNC);
  }

  /**
   * A disk on {@code fd}.
   *
   * @param fd a regular file or block device, opened for reading, and for writing unless {@code
   *     isReadOnly}; closed with the disk
   * @param isDirect whether {@code fd} was opened with O_DIRECT, past the host's page cache
   */
  public RawDisk(Fd fd, boolean isReadOnly, boolean isDirect, Aio aio) {
    this.fd = fd;
    this.isReadOnly = isReadOnly;
    this.isDirect = isDirect;
    this.aio = aio;
    syscalls = fd.linux().syscalls();
    try {
      length = fd.linux().length(fd);
      UnsafeBuffer size = NativeMemory.allocate(Integer.BYTES);
      logicalBlock = blockSize(BLKSSZGET, size, smallestOfFile());
      physicalBlock = Math.max(logicalBlock, blockSize(BLKPBSZGET, size, FILE_BLOCK));
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * The smallest unit of a file: with direct I/O what its file system takes, which one that is on a
   * disk of large sectors does not say before Linux 6.1.
   */
  private int smallestOfFile() {
    if (!isDirect) {
      return SMALLEST_BLOCK;
    }
    UnsafeBuffer block = NativeMemory.allocate(FILE_BLOCK, FILE_BLOCK);
    long done = syscalls.pread(fd.number(), block.addressOffset(), SMALLEST_BLOCK, 0);
    return Errno.EINVAL.is(done) ? FILE_BLOCK : SMALLEST_BLOCK;
  }

  /** What a block device says, or {@code otherwise} for a file. */
  private int blockSize(long request, UnsafeBuffer size, int otherwise) {
    int result = syscalls.ioctl(fd.number(), request, size.addressOffset());
    int bytes = size.getInt(0);
    boolean isSize =
        result == 0
            && Integer.bitCount(bytes) == 1
            && bytes >= SMALLEST_BLOCK
            && bytes <= LARGEST_BLOCK;
    return isSize ? bytes : otherwise;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public int logicalBlock() {
    return logicalBlock;
  }

  @Override
  public int physicalBlock() {
    return physicalBlock;
  }

  @Override
  public boolean isReadOnly() {
    return isReadOnly;
  }

  @Override
  public Channel channel(Supplier<EventFd> wake) {
    return switch (aio) {
      case URING -> new UringChannel(this, wake);
      case THREADS -> new ThreadChannel(this, wake);
      case SYNC -> {
        DiskIo io = new DiskIo(this);
        yield request -> request.finish(io.perform(request));
      }
    };
  }

  /** The file; the disk's own. */
  Fd fd() {
    return fd;
  }

  /** Whether the host takes the buffers of a read or a write as they are. */
  boolean isAligned(BlockRequest request) {
    return !isDirect || request.data().isAligned(logicalBlock);
  }

  /** Makes durable what has been written; returns 0, or {@code -errno}. */
  int flush() {
    synchronized (flushing) {
      while (flushFailure == 0) {
        int result = syscalls.fdatasync(fd.number());
        if (result >= 0) {
          return 0;
        }
        if (!Errno.EINTR.is(result)) {
          flushFailure = result;
        }
      }
      return flushFailure;
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
