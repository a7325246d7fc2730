package javelin.devices;

import java.util.SplittableRandom;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;

/** Seeded accesses of every size at, before and across every range of a space. */
public final class HostileAccesses {
  private static final int ROUNDS = 20_000;

  private HostileAccesses() {}

  /** Fails with the device's exception, if it throws one. */
  public static void run(IoSpace space, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (IoRange range : space.ranges()) {
      long base = range.base();
      for (int i = 0; i < ROUNDS; i++) {
        int size = 1 << random.nextInt(4);
        long address = Math.max(0, base - 8 + random.nextLong(range.length() + 16));
        if (random.nextBoolean()) {
          space.write(address, size, random.nextLong() & (-1L >>> (64 - 8 * size)));
        } else {
          space.read(address, size);
        }
      }
    }
  }
}
