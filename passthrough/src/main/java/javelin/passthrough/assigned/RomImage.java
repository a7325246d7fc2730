package javelin.passthrough.assigned;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import javelin.devices.pci.BarSet;
import javelin.vmm.bus.IoHandler;
import org.agrona.BitUtil;

/**
 * The contents of an expansion ROM from a file (PCI Firmware 3.0, 5.1: an image begins with 0x55,
 * 0xAA), padded with ones to a power of two, as in a chip that is not full.
 */
public final class RomImage implements IoHandler {
  private static final int SIGNATURE_0 = 0x55;
  private static final int SIGNATURE_1 = 0xaa;
  private static final byte BLANK = -1;

  private final byte[] bytes;

  private RomImage(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Reads a file.
   *
   * @throws IllegalArgumentException saying why it is no ROM
   */
  public static RomImage read(Path file) {
    byte[] contents;
    try {
      if (Files.isDirectory(file)) {
        throw new IllegalArgumentException("is a directory, not a file");
      }
      if (Files.size(file) > BarSet.LARGEST_ROM) {
        throw new IllegalArgumentException("is larger than 16 MiB, the most that a ROM may have");
      }
      contents = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException("no such file", e);
    } catch (IOException e) {
      throw new IllegalArgumentException("cannot be read: " + e.getMessage(), e);
    }
    return of(contents);
  }

  static RomImage of(byte[] contents) {
    if (contents.length > BarSet.LARGEST_ROM) {
      throw new IllegalArgumentException("is larger than 16 MiB, the most that a ROM may have");
    }
    if (contents.length < 2
        || Byte.toUnsignedInt(contents[0]) != SIGNATURE_0
        || Byte.toUnsignedInt(contents[1]) != SIGNATURE_1) {
      throw new IllegalArgumentException(
          "is no expansion ROM: it does not begin with the bytes 55 AA");
    }
    int size = Math.max((int) BarSet.SMALLEST_ROM, contents.length);
    byte[] padded = Arrays.copyOf(contents, BitUtil.findNextPositivePowerOfTwo(size));
    Arrays.fill(padded, contents.length, padded.length, BLANK);
    return new RomImage(padded);
  }

  /** Bytes, a power of two. */
  public long size() {
    return bytes.length;
  }

  /** Ones where an access leaves the ROM. */
  @Override
  public long read(long offset, int size) {
    if (offset < 0 || offset > bytes.length - size) {
      return -1;
    }
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= Byte.toUnsignedLong(bytes[(int) offset + i]) << (i * Byte.SIZE);
    }
    return value;
  }

  /** It cannot be written. */
  @Override
  public void write(long offset, int size, long value) {}
}
