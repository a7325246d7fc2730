package javelin.boot.guest.asm;

/** Code size the processor is in when it meets the code: decides prefixes and address forms. */
public enum Mode {
  /** Real mode, or a 16-bit segment. */
  BITS16,
  /** Protected mode with a 32-bit segment. */
  BITS32,
  /** Long mode. */
  BITS64
}
