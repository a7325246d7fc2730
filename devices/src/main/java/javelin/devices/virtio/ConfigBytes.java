package javelin.devices.virtio;

import java.util.function.IntUnaryOperator;

/**
 * Configuration spaces that are kept as bytes: their fields are little-endian (virtio 1.2, 4.1.3).
 */
public final class ConfigBytes {
  private ConfigBytes() {}

  /**
   * What {@link VirtioKind#readConfig} reads.
   *
   * @param at the byte at an offset, of which the lowest eight bits count
   */
  public static long read(int offset, int size, IntUnaryOperator at) {
    long value = 0;
    for (int i = size - 1; i >= 0; i--) {
      value = (value << Byte.SIZE) | (at.applyAsInt(offset + i) & 0xff);
    }
    return value;
  }
}
