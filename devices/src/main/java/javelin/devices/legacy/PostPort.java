package javelin.devices.legacy;

import java.util.function.IntConsumer;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.machine.Resettable;

/**
 * The power-on self test port, 0x80: it remembers the last codes, for crash reports. Linux writes
 * to it to pass time as well. A measuring guest says by them where it is. Its state is guarded by
 * its lock.
 */
public final class PostPort implements ByteRegisters, Resettable {
  private static final int REMEMBERED = 16;

  private final byte[] codes = new byte[REMEMBERED];
  private long count;
  private IntConsumer listener = code -> {};

  /** Answers at {@code port}. */
  public IoRange attach(IoSpace ports, int port) {
    return ports.register("POST code", port, 1, this);
  }

  @Override
  public synchronized int readByte(int offset) {
    return count == 0 ? 0 : codes[(int) ((count - 1) % REMEMBERED)];
  }

  @Override
  public synchronized void writeByte(int offset, int value) {
    codes[(int) (count++ % REMEMBERED)] = (byte) value;
    listener.accept(value);
  }

  /**
   * Has {@code newListener} hear each code from now on, on the thread of the vCPU that writes it.
   */
  public synchronized void listener(IntConsumer newListener) {
    listener = newListener;
  }

  /** The last codes, oldest first, at most 16 of them. */
  public synchronized byte[] lastCodes() {
    int length = (int) Math.min(count, REMEMBERED);
    byte[] last = new byte[length];
    for (int i = 0; i < length; i++) {
      last[i] = codes[(int) ((count - length + i) % REMEMBERED)];
    }
    return last;
  }

  @Override
  public synchronized void reset() {
    count = 0;
  }
}
