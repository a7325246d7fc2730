/** Virtqueues: chains of guest buffers out of a ring, and back into it. */
package javelin.devices.virtio.queue;
