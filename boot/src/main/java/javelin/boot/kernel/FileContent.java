package javelin.boot.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** A file, read by pread(2) straight into guest RAM: however large, no copy is on the heap. */
final class FileContent extends Content {
  private static final int BOUNCE_SIZE = 64 << 10;

  private final Fd fd;

  private FileContent(String subject, long size, Fd fd) {
    super(subject, size);
    this.fd = fd;
  }

  static FileContent open(Linux linux, Path path, String subject) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        throw new KernelLoadException(
            subject, attributes.isDirectory() ? "is a directory, give a file" : "is no plain file");
      }
      return new FileContent(
          subject, attributes.size(), linux.open(path.toString(), Linux.O_RDONLY));
    } catch (NoSuchFileException e) {
      throw new KernelLoadException(subject, "no such file");
    } catch (IOException e) {
      throw new KernelLoadException(subject, "cannot be read: " + e.getMessage());
    } catch (ErrnoException e) {
      throw new KernelLoadException(subject, "cannot be opened: " + Errno.describe(e.errno()));
    }
  }

  @Override
  void copy(long offset, byte[] target) {
    UnsafeBuffer bounce = NativeMemory.allocate(Math.min(target.length, BOUNCE_SIZE));
    int done = 0;
    while (done < target.length) {
      int part = Math.min(target.length - done, bounce.capacity());
      pread(bounce.addressOffset(), part, offset + done);
      NativeMemory.get(bounce, 0, target, done, part);
      done += part;
    }
  }

  @Override
  void copy(long offset, long length, GuestMemory memory, long address) {
    pread(memory.hostAddress(address, length), length, offset);
  }

  private void pread(long address, long length, long offset) {
    long done = 0;
    while (done < length) {
      long result =
          fd.linux().syscalls().pread(fd.number(), address + done, length - done, offset + done);
      if (result == 0) {
        throw error("became shorter while it was read; try again");
      }
      if (result < 0 && !Errno.EINTR.is(result)) {
        throw error("cannot be read: %s", Errno.describe((int) -result));
      }
      done += Math.max(result, 0);
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
