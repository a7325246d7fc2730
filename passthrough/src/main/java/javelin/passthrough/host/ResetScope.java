package javelin.passthrough.host;

import java.util.List;
import java.util.Set;

/**
 * How far a reset of a device reaches, as sysfs tells: VFIO has the last word when the device is
 * open.
 *
 * @param kind how it can be reset
 * @param mates the functions that a reset of its bus resets with it; none unless it needs one
 */
public record ResetScope(Kind kind, List<HostDevice> mates) {
  /**
   * The ways of reset_method that reset the bus. The kernel takes them only for the one function on
   * its bus; but it lists them when a function is found, before those that follow it are.
   */
  private static final Set<String> BY_BUS = Set.of("bus", "cxl_bus");

  /** How a device can be reset. */
  public enum Kind {
    /** By itself. */
    ALONE,
    /** With its bus or slot, and all that is there. */
    WITH_BUS,
    /** Not at all. */
    NONE
  }

  /** Keeps a copy of the list. */
  public ResetScope {
    mates = List.copyOf(mates);
  }

  /** Of a device of {@code inventory}. */
  public static ResetScope of(HostDevice device, HostInventory inventory) {
    List<HostDevice> mates = inventory.behindSamePort(device);
    List<String> methods = device.resetMethods();
    if (mates.isEmpty()) {
      return new ResetScope(methods.isEmpty() ? Kind.NONE : Kind.ALONE, List.of());
    }
    return BY_BUS.containsAll(methods)
        ? new ResetScope(Kind.WITH_BUS, mates)
        : new ResetScope(Kind.ALONE, List.of());
  }
}
