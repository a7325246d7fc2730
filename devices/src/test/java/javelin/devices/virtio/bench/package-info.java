/** A machine on a faked kernel, and a driver, to test virtio devices with. */
package javelin.devices.virtio.bench;
