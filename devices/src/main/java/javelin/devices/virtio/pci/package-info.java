/** Virtio devices as functions on the PCI bus (virtio 1.2, 4.1). */
package javelin.devices.virtio.pci;
