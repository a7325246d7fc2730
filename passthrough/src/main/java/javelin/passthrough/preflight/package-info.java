/** What stands against assigning devices of a host, all of it found before anything is changed. */
package javelin.passthrough.preflight;
