package javelin.passthrough.binding;

import java.util.List;
import javelin.passthrough.host.HostAddress;

/** Says which devices may be taken, before anything is changed. */
@FunctionalInterface
interface TakeGuard {
  /**
   * Looks at a set of devices that are to be taken together.
   *
   * @param force take also what the host uses; never what cannot be assigned
   * @throws BindingException naming what stands against it
   */
  void require(List<HostAddress> devices, boolean force);
}
