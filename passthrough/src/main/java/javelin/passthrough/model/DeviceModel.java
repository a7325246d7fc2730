package javelin.passthrough.model;

/**
 * The inside of a {@link ModelDevice}: what its registers do. All methods are called with the
 * device's lock held.
 */
public interface DeviceModel {
  /** What it looks like from outside; always the same object. */
  ModelShape shape();

  /** Called once, before all others but {@link #shape}. */
  void connect(ModelHost host);

  /**
   * A read of a register, whose BAR is decoded and not mapped.
   *
   * @param size 1, 2, 4 or 8 bytes; the offset may be any
   */
  long read(int bar, long offset, int size);

  /** A write, likewise. */
  void write(int bar, long offset, int size, long value);

  /**
   * A doorbell of the shape was rung, in place of writes to it; one write stands for all where a
   * model does not count them.
   *
   * @param times how often since the last time, unsigned and not 0; a peer may make it any number
   */
  default void rung(ModelDoorbell doorbell, long times) {
    write(doorbell.bar(), doorbell.offset(), doorbell.size(), doorbell.value());
  }

  /** Returns the registers to power-on, its interrupt included. */
  void reset();
}
