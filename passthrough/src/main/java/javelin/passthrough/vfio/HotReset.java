package javelin.passthrough.vfio;

import java.util.List;

/**
 * Whether a device can be reset by its bus or slot, which resets all functions there.
 *
 * @param isThere whether the kernel can
 * @param foreign the functions there that this VM does not have, each with its driver
 */
public record HotReset(boolean isThere, List<String> foreign) {
  /** There is none. */
  public static final HotReset NONE = new HotReset(false, List.of());

  /** Keeps a copy of the list. */
  public HotReset {
    foreign = List.copyOf(foreign);
  }

  /** Whether VFIO lets this VM do it. */
  public boolean isAllowed() {
    return isThere && foreign.isEmpty();
  }
}
