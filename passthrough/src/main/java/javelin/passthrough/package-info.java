/** Assigned PCI devices: the host side, VFIO, and the function that the guest sees. */
package javelin.passthrough;
