/** PCI host bridge, configuration space, BARs and interrupts of emulated functions. */
package javelin.devices.pci;
