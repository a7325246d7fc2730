/** Virtio devices: what is common to all of them, whatever bus they are on (virtio 1.2). */
package javelin.devices.virtio;
