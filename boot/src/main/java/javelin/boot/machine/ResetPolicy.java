package javelin.boot.machine;

/** What Javelin does when a guest resets the machine, or resets it by a triple fault. */
public enum ResetPolicy {
  /** Start the guest again, as hardware does. */
  RESET,
  /** End the run. */
  STOP
}
