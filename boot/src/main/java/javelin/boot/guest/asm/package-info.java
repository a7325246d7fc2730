/** A small x86 assembler, which the built-in guests are written with. */
package javelin.boot.guest.asm;
