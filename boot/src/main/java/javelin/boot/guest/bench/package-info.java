/** Guests that measure, and how they hand over what they have measured. */
package javelin.boot.guest.bench;
