/** Port and MMIO address spaces: from a range to its handler, lock-free on the exit path. */
package javelin.vmm.bus;
