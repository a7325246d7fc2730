/** The PCI function that the guest sees of an assigned device. */
package javelin.passthrough.assigned;
