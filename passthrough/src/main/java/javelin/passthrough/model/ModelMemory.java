package javelin.passthrough.model;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import org.agrona.concurrent.UnsafeBuffer;

/** A BAR that is memory: a memfd, which the guest maps and the model reaches by its own mapping. */
final class ModelMemory implements AutoCloseable {
  private static final int ACCESS = Linux.PROT_READ | Linux.PROT_WRITE;

  private final Linux linux;
  private final Fd memory;
  private final Mapping mapping;
  private final UnsafeBuffer view;

  ModelMemory(Linux linux, String name, long length) {
    this.linux = linux;
    memory = linux.sealedMemfd(name, length, 0);
    try {
      mapping = map(0, length);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
    view = new UnsafeBuffer(mapping.address(), Math.toIntExact(length));
  }

  Fd fd() {
    return memory;
  }

  UnsafeBuffer view() {
    return view;
  }

  Mapping map(long offset, long length) {
    return linux.map(memory, offset, length, ACCESS, Linux.MAP_SHARED);
  }

  long read(long offset, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (view.getByte((int) offset + i) & 0xffL) << (Byte.SIZE * i);
    }
    return value;
  }

  void write(long offset, int size, long value) {
    for (int i = 0; i < size; i++) {
      view.putByte((int) offset + i, (byte) (value >>> (Byte.SIZE * i)));
    }
  }

  @Override
  public void close() {
    mapping.close();
    memory.close();
  }
}
