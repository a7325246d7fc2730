package javelin.boot.guest.assign;

/** Checks for devices that this guest knows. */
public interface DeviceChecks {
  /** The checks, for the function at RBX; anything that is no such device is passed over. */
  void emit();

  /** Routines that the checks call. */
  default void emitRoutines() {}

  /** Memory for DMA, at a page boundary. */
  default void emitRoom() {}
}
