package javelin.perf.model;

import javelin.vmm.memory.GuestMemory;

/** The layouts of rings. */
public enum RingLayout {
  SPLIT {
    @Override
    public DriverRing ring(
        GuestMemory memory, long base, int size, int writableFrom, long... chain) {
      return new SplitDriver(memory, base, size, writableFrom, chain);
    }
  },
  PACKED {
    @Override
    public DriverRing ring(
        GuestMemory memory, long base, int size, int writableFrom, long... chain) {
      return new PackedDriver(memory, base, size, writableFrom, chain);
    }
  };

  /** As {@link DriverRing}'s constructor. */
  public abstract DriverRing ring(
      GuestMemory memory, long base, int size, int writableFrom, long... chain);
}
