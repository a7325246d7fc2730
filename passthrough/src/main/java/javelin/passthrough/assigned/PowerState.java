package javelin.passthrough.assigned;

import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;

/**
 * The power state of an assigned function, in the low two bits of PMCSR (PCI Power Management 1.2,
 * 3.2.4). The kernel changes it when it sees the guest's write; BARs answer in D0 only.
 */
final class PowerState {
  private static final int CONTROL = 4;
  private static final int LENGTH = 8;
  private static final int STATE_MASK = 0x3;

  private final AssignedConfig config;

  /** Where the register is; none where the function is always awake. */
  private final OptionalInt register;

  PowerState(AssignedConfig config) {
    this.config = config;
    OptionalInt found = config.find(Capabilities.POWER_MANAGEMENT, LENGTH);
    register = found.isPresent() ? OptionalInt.of(found.getAsInt() + CONTROL) : OptionalInt.empty();
  }

  /** Whether a write to the configuration space may change it. */
  boolean isChangedBy(int offset, int size) {
    return register.isPresent() && AssignedConfig.touches(offset, size, register.getAsInt());
  }

  /** Whether a write to the configuration space sends the function out of D0. */
  boolean isSleepOrdered(int offset, int size, long value) {
    return isChangedBy(offset, size)
        && (value >>> ((register.getAsInt() - offset) * Byte.SIZE) & STATE_MASK) != 0;
  }

  /** Whether the function is in D0. */
  boolean isAwake() {
    return register.isEmpty() || (config.deviceRead(register.getAsInt(), 2) & STATE_MASK) == 0;
  }

  /** Brings the function to D0. */
  void wakeUp() {
    if (register.isPresent()) {
      config.deviceWrite(register.getAsInt(), 2, 0);
    }
  }
}
