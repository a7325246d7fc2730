package javelin.devices.virtio;

/**
 * A split ring for others to serve.
 *
 * @param size entries
 * @param base index of the next entry of the available ring, modulo 2^16
 * @param descriptors process address of its descriptors
 * @param available of its available ring
 * @param used of its used ring
 */
public record RemoteRing(int size, int base, long descriptors, long available, long used) {}
