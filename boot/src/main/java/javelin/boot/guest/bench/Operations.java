package javelin.boot.guest.bench;

import javelin.boot.guest.asm.Label;

/**
 * What a device is asked to do again and again, in slots numbered from 0. The methods emit code,
 * which keeps R12 to R15, RBX and RBP; R10D is the slot.
 */
interface Operations {
  /** Prepares the operation of slot R10D, without a word to the device. */
  void emitStart();

  /** Tells the device of what has been prepared. */
  void emitRing();

  /** R10D = the slot of an operation that has come to its end; goes to {@code none} without one. */
  void emitTake(Label none);

  /** All that have come to their end have been taken; the processor may sleep now. */
  default void emitRelease() {}

  /** Goes on with nothing left of an earlier case. */
  default void emitPrepare() {}
}
