package javelin.devices.console;

/** Looks at what the user types before the guest gets it, for escape keys. */
@FunctionalInterface
public interface InputFilter {
  /** What {@link #filter} returns for a byte that the guest is not to see. */
  int SWALLOW = -1;

  /**
   * Called on the event loop's thread for each byte, whether or not the guest reads its console.
   *
   * @param value 0 to 255
   * @return the byte that the guest sees, or {@link #SWALLOW}
   */
  int filter(int value);
}
