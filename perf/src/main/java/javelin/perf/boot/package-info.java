/** How long a Linux guest takes to its init under Javelin, beside QEMU's machines. */
package javelin.perf.boot;
