package javelin.passthrough.assigned;

import java.util.List;

/**
 * One of the three ways in which a function interrupts. One at a time is on, as VFIO has it: the
 * old one is switched off before the new one.
 *
 * <p>The function's lock guards it.
 */
interface InterruptMode {
  /** Whether the guest's configuration asks for it. */
  boolean isWanted();

  /** Switches it on at the device, as the guest has programmed it. */
  void on();

  /** Switches it off; nothing of it stays with VFIO or KVM. */
  void off();

  /** Follows what the guest has written to its registers while it is on. */
  void refresh();

  /** Returns registers that are not in the configuration space to power-on. */
  default void reset() {}

  /** Brings pending bits in the configuration space up to date, before the guest reads there. */
  default void refreshPending() {}

  /** Its registers in a BAR of the device. */
  default List<BarPart> parts(int bar) {
    return List.of();
  }

  /** Told, after each trapped access to the device's own registers, without a lock. */
  default void accessed() {}
}
