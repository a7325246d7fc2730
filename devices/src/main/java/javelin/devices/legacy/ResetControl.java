package javelin.devices.legacy;

import javelin.vmm.machine.PowerControl;

/**
 * The reset control register of Intel's chip sets, port 0xCF9 (ICH9 data sheet, 13.7.5), which the
 * FADT names as the ACPI reset register: bit 2 going from 0 to 1 resets, bit 1 chooses a hard reset
 * and bit 3 a power cycle. All of them reset the whole machine here.
 *
 * <p>Behind a PCI host bridge at 0xCF8 it is not attached: that passes byte accesses on.
 */
public final class ResetControl extends ResetRegister {
  /** What the FADT's RESET_VALUE is to be. */
  public static final int RESET_VALUE = 0x06;

  private static final int RESET_CPU = 0x04;
  private static final int WRITABLE = 0x0e;

  /** A register that resets the machine of {@code power}. */
  public ResetControl(PowerControl power) {
    super(power, "reset control register", RESET_CPU, WRITABLE, 0);
  }
}
