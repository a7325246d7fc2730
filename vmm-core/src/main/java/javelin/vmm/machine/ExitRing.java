package javelin.vmm.machine;

import java.util.ArrayList;
import java.util.List;

/**
 * The latest exits of one vCPU, for the report of a crash. Recording allocates nothing.
 *
 * <p>Written by the vCPU's thread; read while that is out of the guest.
 */
public final class ExitRing {
  /** How many exits are kept; a power of two. */
  public static final int CAPACITY = 32;

  private static final int OTHER = 0;
  private static final int PORT = 1;
  private static final int MMIO = 2;
  private static final int WRITE = 0x10;

  private final long[] details = new long[CAPACITY];
  private final int[] sizes = new int[CAPACITY];
  private final int[] kinds = new int[CAPACITY];
  private long recorded;

  void port(int port, int size, boolean isWrite) {
    record(isWrite ? PORT | WRITE : PORT, port, size);
  }

  void mmio(long address, int size, boolean isWrite) {
    record(isWrite ? MMIO | WRITE : MMIO, address, size);
  }

  void other(int exitReason) {
    record(OTHER, exitReason, 0);
  }

  private void record(int kind, long detail, int size) {
    int i = (int) recorded & (CAPACITY - 1);
    kinds[i] = kind;
    details[i] = detail;
    sizes[i] = size;
    recorded++;
  }

  /** The exits in words, the oldest first. */
  public List<String> describe() {
    List<String> lines = new ArrayList<>();
    for (long n = Math.max(0, recorded - CAPACITY); n < recorded; n++) {
      int i = (int) n & (CAPACITY - 1);
      String direction = (kinds[i] & WRITE) != 0 ? "write" : "read";
      lines.add(
          switch (kinds[i] & ~WRITE) {
            case PORT -> String.format("port 0x%x %s of %d", details[i], direction, sizes[i]);
            case MMIO -> String.format("MMIO 0x%x %s of %d", details[i], direction, sizes[i]);
            default -> CrashCause.exitName(details[i]);
          });
    }
    return lines;
  }
}
