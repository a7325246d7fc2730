/** Javelin's virtio devices beside those of other monitors: the same guest, image and work. */
package javelin.perf.virtio;
