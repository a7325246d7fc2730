/** Folders of the host's in the guest (virtio 1.2, 5.11). */
package javelin.devices.virtio.fs;
