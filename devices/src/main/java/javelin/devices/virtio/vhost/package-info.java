/** Queues of network devices that the kernel serves: vhost-net (uapi linux/vhost.h). */
package javelin.devices.virtio.vhost;
