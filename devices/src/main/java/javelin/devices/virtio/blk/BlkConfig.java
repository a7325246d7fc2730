package javelin.devices.virtio.blk;

import javelin.devices.virtio.ConfigBytes;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The configuration space of a block device: {@code struct virtio_blk_config} (virtio 1.2, 5.2.4),
 * which never changes.
 */
final class BlkConfig {
  static final int LENGTH = 60;

  /** The unit of sizes and places, whatever the block size. */
  static final int SECTOR = 512;

  /** The most sectors that one request discards: 2 GiB. */
  static final long MAX_DISCARD_SECTORS = 1 << 22;

  /** The most sectors that one request zeroes: 16 MiB, as some hosts have to write them. */
  static final long MAX_ZERO_SECTORS = 1 << 15;

  private static final int CAPACITY = 0;
  private static final int SEG_MAX = 12;
  private static final int BLK_SIZE = 20;
  private static final int PHYSICAL_BLOCK_EXP = 24;
  private static final int MIN_IO_SIZE = 26;
  private static final int WRITEBACK = 32;
  private static final int NUM_QUEUES = 34;
  private static final int MAX_DISCARD = 36;
  private static final int MAX_DISCARD_SEG = 40;
  private static final int DISCARD_ALIGNMENT = 44;
  private static final int MAX_ZERO = 48;
  private static final int MAX_ZERO_SEG = 52;
  private static final int ZERO_MAY_UNMAP = 56;

  private final UnsafeBuffer bytes = NativeMemory.allocate(LENGTH);

  /**
   * Of a disk like {@code disk}.
   *
   * @param segments the most buffers of data in a request
   */
  BlkConfig(BlockBackend disk, int queues, int segments) {
    int ratio = disk.physicalBlock() / disk.logicalBlock();
    bytes.putLong(CAPACITY, disk.length() / SECTOR);
    bytes.putInt(SEG_MAX, segments);
    bytes.putInt(BLK_SIZE, disk.logicalBlock());
    bytes.putByte(PHYSICAL_BLOCK_EXP, (byte) Integer.numberOfTrailingZeros(ratio));
    bytes.putShort(MIN_IO_SIZE, (short) ratio);
    bytes.putByte(WRITEBACK, (byte) 1);
    bytes.putShort(NUM_QUEUES, (short) queues);
    bytes.putInt(MAX_DISCARD, (int) MAX_DISCARD_SECTORS);
    bytes.putInt(MAX_DISCARD_SEG, 1);
    bytes.putInt(DISCARD_ALIGNMENT, disk.physicalBlock() / SECTOR);
    bytes.putInt(MAX_ZERO, (int) MAX_ZERO_SECTORS);
    bytes.putInt(MAX_ZERO_SEG, 1);
    bytes.putByte(ZERO_MAY_UNMAP, (byte) 1);
  }

  /** {@code size} bytes at {@code offset}, not beyond the end. */
  long read(int offset, int size) {
    return ConfigBytes.read(offset, size, bytes::getByte);
  }
}
