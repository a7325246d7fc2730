package javelin.passthrough.host.use;

import java.util.List;
import javelin.passthrough.host.HostDevice;

/** Looks for uses of one sort. */
@FunctionalInterface
interface UseCheck {
  /** The uses of a device; empty where there are none. */
  List<DeviceUse> uses(HostDevice device);
}
