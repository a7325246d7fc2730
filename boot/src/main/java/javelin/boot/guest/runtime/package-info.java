/** What the built-in guests share: their way in, console, checks, clock, interrupts and end. */
package javelin.boot.guest.runtime;
