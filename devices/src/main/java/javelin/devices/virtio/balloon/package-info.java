/** The memory balloon (virtio 1.2, 5.5). */
package javelin.devices.virtio.balloon;
