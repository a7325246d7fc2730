/** The network device (virtio 1.2, 5.1), and the host's networks that it can be on. */
package javelin.devices.virtio.net;
