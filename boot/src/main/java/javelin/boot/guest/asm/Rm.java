package javelin.boot.guest.asm;

/** What a ModRM r/m field can name: a register or a memory operand. */
public sealed interface Rm permits Reg, Mem {}
