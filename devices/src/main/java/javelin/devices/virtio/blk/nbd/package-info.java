/** Disks on a server of the NBD protocol (doc/proto.md of the NBD project). */
package javelin.devices.virtio.blk.nbd;
