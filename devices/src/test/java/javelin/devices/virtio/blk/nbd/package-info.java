/** A server of the NBD protocol for tests, and tests with it and with qemu-nbd. */
package javelin.devices.virtio.blk.nbd;
