package javelin.passthrough.binding;

import java.util.Optional;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;

/**
 * The right to change a device's binding, or to keep it: a lock (flock(2)) on {@code BDF.lock} of
 * the journals' folder. The kernel ends it with the process, however that ends; the descriptor is
 * not inherited by children. The file stays, empty or with the number of its last holder.
 */
final class DeviceLock implements AutoCloseable {
  private static final int OWNER_MAY_READ_AND_WRITE = 0600;

  private final HostAddress address;
  private final Fd fd;

  private DeviceLock(HostAddress address, Fd fd) {
    this.address = address;
    this.fd = fd;
  }

  /** The lock, or nothing where another has it. */
  static Optional<DeviceLock> tryAcquire(Linux linux, HostAddress address, String path) {
    Fd fd = linux.open(path, Linux.O_RDWR | Linux.O_CREAT, OWNER_MAY_READ_AND_WRITE);
    boolean acquired = false;
    try {
      acquired = linux.tryLock(fd);
    } finally {
      if (!acquired) {
        fd.close();
      }
    }
    return acquired ? Optional.of(new DeviceLock(address, fd)) : Optional.empty();
  }

  HostAddress address() {
    return address;
  }

  @Override
  public void close() {
    fd.close();
  }
}
