package javelin.perf.micro;

import javelin.vmm.memory.GuestMemory;

/** The layouts of rings. */
public enum RingLayout {
  SPLIT {
    @Override
    DriverRing ring(GuestMemory memory, long base, int size, int writableFrom, long... chain) {
      return new SplitDriver(memory, base, size, writableFrom, chain);
    }
  },
  PACKED {
    @Override
    DriverRing ring(GuestMemory memory, long base, int size, int writableFrom, long... chain) {
      return new PackedDriver(memory, base, size, writableFrom, chain);
    }
  };

  /** As {@link DriverRing}'s constructor. */
  abstract DriverRing ring(
      GuestMemory memory, long base, int size, int writableFrom, long... chain);
}
