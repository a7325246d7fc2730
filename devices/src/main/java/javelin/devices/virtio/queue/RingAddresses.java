package javelin.devices.virtio.queue;

/**
 * Where the driver has put a queue (virtio 1.2, 2.6).
 *
 * @param size entries
 * @param descriptors guest-physical address of the descriptor area
 * @param driver of the driver area: the available ring of a split queue, and what says when a
 *     packed one's driver wants interrupts
 * @param device of the device area: the used ring of a split queue, and what says when a packed
 *     one's device wants notifications
 */
public record RingAddresses(int size, long descriptors, long driver, long device) {}
