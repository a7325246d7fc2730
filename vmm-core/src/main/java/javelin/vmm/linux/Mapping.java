package javelin.vmm.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/** Owner of one memory mapping of this process. Closing twice is harmless. */
public final class Mapping implements AutoCloseable {
  private final Linux linux;
  private final long address;
  private final long length;
  private final AtomicBoolean mapped = new AtomicBoolean(true);

  Mapping(Linux linux, long address, long length) {
    this.linux = linux;
    this.address = address;
    this.length = length;
  }

  /** The process address of its first byte. */
  public long address() {
    return address;
  }

  /** Its length in bytes. */
  public long length() {
    return length;
  }

  @Override
  public void close() {
    if (mapped.compareAndSet(true, false)) {
      Linux.check(linux.syscalls().munmap(address, length), "munmap", "");
    }
  }
}
