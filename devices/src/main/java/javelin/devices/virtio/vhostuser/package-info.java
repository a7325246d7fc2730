/**
 * Virtio devices whose queues another process serves, straight from guest RAM: the front end of the
 * vhost-user protocol (QEMU's docs/interop/vhost-user.rst).
 */
package javelin.devices.virtio.vhostuser;
