/** The host's PCI devices and what can be done with them, for people and for programs. */
package javelin.boot.pci;
