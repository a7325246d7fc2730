/** The socket device: streams between programs of the guest's and the host's (virtio 1.2, 5.10). */
package javelin.devices.virtio.vsock;
