package javelin.passthrough.vfiouser.server;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The client's memory, as far as it has been mapped for the device (vfio-user,
 * "VFIO_USER_DMA_MAP"). It is read and written by pread and pwrite, never by a mapping: a client
 * that makes its file shorter would kill this process. What cannot be had so goes by messages.
 *
 * <p>For the server's loop.
 */
final class DmaWindows implements BusMemory, AutoCloseable {
  private static final int PIECE = 64 << 10;

  /**
   * Memory of the client.
   *
   * @param flags what of it is allowed, {@code Payloads.MAP_*}
   * @param fd null where it can be had by messages only
   */
  private record Window(long address, long size, int flags, Fd fd, long offset) {
    boolean contains(long at) {
      return Long.compareUnsigned(at - address, size) < 0;
    }

    boolean overlaps(long otherAddress, long otherSize) {
      return contains(otherAddress) || Long.compareUnsigned(address - otherAddress, otherSize) < 0;
    }
  }

  private final BusMemory messages;
  private final List<Window> windows = new ArrayList<>();
  private final UnsafeBuffer scratch = NativeMemory.allocate(PIECE);

  /**
   * @param messages reaches the client's memory by asking it
   */
  DmaWindows(BusMemory messages) {
    this.messages = messages;
  }

  /**
   * Maps memory.
   *
   * @param fd the file that it is in; null for none; this object's where it returns 0
   * @return 0, or {@code -errno}
   */
  int map(long address, long size, int flags, Fd fd, long offset) {
    if (size <= 0
        || offset < 0
        || offset + size < 0
        || Long.compareUnsigned(address + size - 1, address) < 0) {
      return -Errno.EINVAL.number();
    }
    if (windows.stream().anyMatch(window -> window.overlaps(address, size))) {
      return -Errno.EEXIST.number();
    }
    if (windows.size() >= Version.MOST_MAPS) {
      return -Errno.ENOSPC.number();
    }
    windows.add(new Window(address, size, flags, fd, offset));
    return 0;
  }

  /** Undoes just one {@link #map}; returns 0, or {@code -errno}. */
  int unmap(long address, long size) {
    for (Window window : windows) {
      if (window.address() == address && window.size() == size) {
        windows.remove(window);
        CloseHelper.close(window.fd());
        return 0;
      }
    }
    return -Errno.ENOENT.number();
  }

  private Window find(long address, int flag) {
    for (Window window : windows) {
      if (window.contains(address) && (window.flags() & flag) != 0) {
        return window;
      }
    }
    return null;
  }

  @Override
  public boolean read(long address, byte[] target, int offset, int length) {
    return access(address, target, offset, length, false);
  }

  @Override
  public boolean write(long address, byte[] source, int offset, int length) {
    return access(address, source, offset, length, true);
  }

  /** Piece by piece, as a range may go over several windows. */
  private boolean access(long address, byte[] bytes, int offset, int length, boolean isWrite) {
    int done = 0;
    while (done < length) {
      long at = address + done;
      Window window = find(at, isWrite ? Payloads.MAP_WRITABLE : Payloads.MAP_READABLE);
      if (window == null) {
        return false;
      }
      long left = window.size() - (at - window.address());
      int piece = (int) Math.min(Math.min(length - done, PIECE), left);
      if (!access(window, at, bytes, offset + done, piece, isWrite)) {
        return false;
      }
      done += piece;
    }
    return true;
  }

  private boolean access(
      Window window, long at, byte[] bytes, int offset, int length, boolean isWrite) {
    if (isWrite) {
      return (window.fd() != null && writeFile(window, at, bytes, offset, length))
          || messages.write(at, bytes, offset, length);
    }
    return (window.fd() != null && readFile(window, at, bytes, offset, length))
        || messages.read(at, bytes, offset, length);
  }

  private boolean readFile(Window window, long at, byte[] bytes, int offset, int length) {
    Fd fd = window.fd();
    long place = window.offset() + (at - window.address());
    Syscalls syscalls = fd.linux().syscalls();
    if (syscalls.pread(fd.number(), scratch.addressOffset(), length, place) != length) {
      return false;
    }
    scratch.getBytes(0, bytes, offset, length);
    return true;
  }

  /** Fails for files on huge pages, which have no write(2). */
  private boolean writeFile(Window window, long at, byte[] bytes, int offset, int length) {
    Fd fd = window.fd();
    long place = window.offset() + (at - window.address());
    scratch.putBytes(0, bytes, offset, length);
    Syscalls syscalls = fd.linux().syscalls();
    return syscalls.pwrite(fd.number(), scratch.addressOffset(), length, place) == length;
  }

  /** Forgets all of the client's memory. */
  @Override
  public void close() {
    List<Window> old = List.copyOf(windows);
    windows.clear();
    old.forEach(window -> CloseHelper.quietClose(window.fd()));
  }
}
