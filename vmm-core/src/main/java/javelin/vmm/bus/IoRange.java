package javelin.vmm.bus;

/** A registered range of an {@link IoSpace}; closing it takes the range away. */
public final class IoRange implements AutoCloseable {
  private final IoSpace space;
  private final String name;
  private final long length;
  private final IoHandler handler;

  /** Guarded by the space's lock; readers of the space have their own copy. */
  private long base;

  IoRange(IoSpace space, String name, long base, long length, IoHandler handler) {
    this.space = space;
    this.name = name;
    this.base = base;
    this.length = length;
    this.handler = handler;
  }

  /** What the range is, for traces and messages. */
  public String name() {
    return name;
  }

  /** First port or address. */
  public long base() {
    synchronized (space) {
      return base;
    }
  }

  /** Ports or bytes. */
  public long length() {
    return length;
  }

  IoHandler handler() {
    return handler;
  }

  long baseLocked() {
    return base;
  }

  void baseLocked(long newBase) {
    base = newBase;
  }

  /**
   * Moves the range. An access on another vCPU that has already found it may still reach the
   * handler at its old place, as a write in flight would on a real bus.
   *
   * @throws IllegalArgumentException where the new place is taken or outside the space
   */
  public void move(long newBase) {
    space.move(this, newBase);
  }

  @Override
  public void close() {
    space.remove(this);
  }

  @Override
  public String toString() {
    return String.format("%s 0x%x-0x%x", name, base(), base() + length - 1);
  }
}
