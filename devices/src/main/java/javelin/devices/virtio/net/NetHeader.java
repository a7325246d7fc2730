package javelin.devices.virtio.net;

/**
 * {@code struct virtio_net_hdr} in front of each packet, both ways (virtio 1.2, 5.1.6): u8 flags,
 * u8 gso_type, le16 hdr_len, gso_size, csum_start, csum_offset, num_buffers.
 */
final class NetHeader {
  static final int LENGTH = 12;

  /** How many of the driver's buffers a received packet fills. */
  static final int NUM_BUFFERS = 10;

  /** The longest frame: 64 KiB of IP, an Ethernet header and VLAN tags. */
  static final int LONGEST_FRAME = 65535 + 14 + 8;

  private NetHeader() {}
}
