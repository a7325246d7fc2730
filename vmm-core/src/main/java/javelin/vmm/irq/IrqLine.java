package javelin.vmm.irq;

/**
 * The wire from an emulated device's output to an input of the interrupt controllers.
 *
 * <p>A device drives it with the level of its output each time that changes; the controller decides
 * by its own programming whether an edge or the level counts. Any thread may call.
 */
@FunctionalInterface
public interface IrqLine {
  /** Drives the wire active or inactive. */
  void set(boolean active);

  /** An edge: active, then inactive. */
  default void pulse() {
    set(true);
    set(false);
  }
}
