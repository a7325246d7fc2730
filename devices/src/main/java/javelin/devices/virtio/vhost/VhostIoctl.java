package javelin.devices.virtio.vhost;

/** Requests to /dev/vhost-net (uapi linux/vhost.h), by their names there. */
enum VhostIoctl {
  VHOST_GET_FEATURES(0x8008_af00L),
  VHOST_SET_FEATURES(0x4008_af00L),
  VHOST_SET_OWNER(0xaf01L),
  VHOST_SET_MEM_TABLE(0x4008_af03L),
  VHOST_SET_VRING_NUM(0x4008_af10L),
  VHOST_SET_VRING_ADDR(0x4028_af11L),
  VHOST_SET_VRING_BASE(0x4008_af12L),
  VHOST_GET_VRING_BASE(0xc008_af12L),
  VHOST_SET_VRING_KICK(0x4008_af20L),
  VHOST_SET_VRING_CALL(0x4008_af21L),
  VHOST_SET_VRING_ERR(0x4008_af22L),
  VHOST_NET_SET_BACKEND(0x4008_af30L);

  private final long number;

  VhostIoctl(long number) {
    this.number = number;
  }

  long number() {
    return number;
  }
}
