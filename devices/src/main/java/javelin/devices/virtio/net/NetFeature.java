package javelin.devices.virtio.net;

/** Feature bits of network devices, as masks (virtio 1.2, 5.1.3). */
public final class NetFeature {
  /** The device takes packets whose checksum is not complete. */
  public static final long CSUM = 1L;

  /** The driver takes such packets. */
  public static final long GUEST_CSUM = 1L << 1;

  public static final long MAC = 1L << 5;

  /** The driver takes segments that are still to be cut, of TCP over IPv4 and IPv6. */
  public static final long GUEST_TSO4 = 1L << 7;

  public static final long GUEST_TSO6 = 1L << 8;

  /** The device takes such segments. */
  public static final long HOST_TSO4 = 1L << 11;

  public static final long HOST_TSO6 = 1L << 12;

  /** A packet may fill several of the driver's buffers. */
  public static final long MRG_RXBUF = 1L << 15;

  public static final long STATUS = 1L << 16;
  public static final long CTRL_VQ = 1L << 17;
  public static final long MQ = 1L << 22;

  private NetFeature() {}
}
