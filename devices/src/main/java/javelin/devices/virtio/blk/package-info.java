/** The block device (virtio 1.2, 5.2), and what its bytes are on. */
package javelin.devices.virtio.blk;
