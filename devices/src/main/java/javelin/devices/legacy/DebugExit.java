package javelin.devices.legacy;

import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.machine.PowerControl;

/**
 * A port that ends the machine: value {@code v} gives exit code {@code v << 1 | 1}, in 8 bits, so
 * that no guest can claim Javelin's own code 0. The same as QEMU's isa-debug-exit, which
 * kvm-unit-tests end with.
 */
public final class DebugExit implements IoHandler {
  /** Ports that it takes. */
  public static final int LENGTH = 4;

  private static final int EXIT_CODE_MASK = 0xff;

  private final PowerControl power;

  /** A port that ends the machine of {@code power}. */
  public DebugExit(PowerControl power) {
    this.power = power;
  }

  /** Answers at {@code base} to {@code base + 3}. */
  public IoRange attach(IoSpace ports, int base) {
    return ports.register("debug exit", base, LENGTH, this);
  }

  @Override
  public long read(long offset, int size) {
    return 0;
  }

  @Override
  public void write(long offset, int size, long value) {
    power.exit(((int) value << 1 | 1) & EXIT_CODE_MASK);
  }
}
