package javelin.passthrough.assigned;

import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;

/**
 * The registers by which a guest resets the function, where the device offers that: PCI Express's
 * (Base 6.0, 7.5.3.3 and 7.5.3.4), and those of Advanced Features (PCI ECN Advanced Capabilities,
 * 6.x.3). The kernel does the reset when it sees the write.
 */
final class GuestReset {
  private static final int EXPRESS_CAPABILITIES = 4;
  private static final long EXPRESS_OFFERS_RESET = 1 << 28;
  private static final int EXPRESS_CONTROL = 8;
  private static final int EXPRESS_CONTROL_RESET = 1 << 15;

  private static final int ADVANCED_CONTROL = 4;
  private static final int ADVANCED_LENGTH = 6;

  /** In the capability's first 32 bits. */
  private static final long ADVANCED_OFFERS_RESET = 1 << 25;

  private static final int ADVANCED_CONTROL_RESET = 1;

  private final OptionalInt express;
  private final OptionalInt advanced;

  GuestReset(AssignedConfig config) {
    express =
        ifSet(
            config,
            config.find(Capabilities.EXPRESS, EXPRESS_CONTROL + Short.BYTES),
            EXPRESS_CAPABILITIES,
            EXPRESS_OFFERS_RESET);
    advanced =
        ifSet(
            config,
            config.find(Capabilities.ADVANCED_FEATURES, ADVANCED_LENGTH),
            0,
            ADVANCED_OFFERS_RESET);
  }

  /** {@code capability} where it has {@code bit} in its 32-bit register. */
  private static OptionalInt ifSet(
      AssignedConfig config, OptionalInt capability, int register, long bit) {
    if (capability.isEmpty()) {
      return capability;
    }
    long value = config.deviceRead(capability.getAsInt() + register, Integer.BYTES);
    return (value & bit) != 0 ? capability : OptionalInt.empty();
  }

  /** Whether a write to the configuration space resets the function. */
  boolean isStartedBy(int offset, int size, long value) {
    return sets(express, EXPRESS_CONTROL, EXPRESS_CONTROL_RESET, offset, size, value)
        || sets(advanced, ADVANCED_CONTROL, ADVANCED_CONTROL_RESET, offset, size, value);
  }

  /** Whether a write sets the bit {@code reset} of a capability's 16-bit register. */
  private static boolean sets(
      OptionalInt capability, int register, int reset, int offset, int size, long value) {
    if (capability.isEmpty()) {
      return false;
    }
    int ahead = capability.getAsInt() + register - offset;
    if (ahead >= size || ahead <= -Short.BYTES) {
      return false;
    }
    long written = ahead >= 0 ? value >>> (ahead * Byte.SIZE) : value << (-ahead * Byte.SIZE);
    return (written & reset) != 0;
  }
}
