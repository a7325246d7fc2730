/** The Linux guest of a bench: what it is given, what it says, and what it does with the host. */
package javelin.perf.linux;
