package javelin.devices.legacy;

import javelin.vmm.machine.PowerControl;

/**
 * The PS/2's system control port A, 0x92: bit 0 going from 0 to 1 resets; bit 1, the A20 gate, is
 * stored, the gate being always open.
 */
public final class SystemControlPort extends ResetRegister {
  private static final int FAST_RESET = 0x01;
  private static final int A20 = 0x02;

  /** A port that resets the machine of {@code power}. */
  public SystemControlPort(PowerControl power) {
    super(power, "system control port A", FAST_RESET, FAST_RESET | A20, A20);
  }
}
