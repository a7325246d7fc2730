package javelin.devices.virtio.blk.nbd;

/**
 * What a server says of an export.
 *
 * @param length bytes
 * @param flags transmission flags, those of {@link NbdProtocol}
 * @param smallestBlock what offsets and lengths of requests are multiples of: a power of two
 * @param preferredBlock what they had better be multiples of: a power of two
 * @param mostData bytes of data in one request
 */
record NbdExport(long length, int flags, int smallestBlock, int preferredBlock, int mostData) {
  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
