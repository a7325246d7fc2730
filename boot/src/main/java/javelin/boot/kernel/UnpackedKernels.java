package javelin.boot.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;

/**
 * A cache of what is packed in bzImages: a guest that starts with the vmlinux itself does not spend
 * its first second, or in emulation its first ten, on unpacking it.
 *
 * <p>A file is named by the length and two checksums of the whole bzImage, so one that has changed
 * is another one. It is the vmlinux with a trailer (magic, length, CRC-32, each a u64), and is used
 * only if these agree with its content. It appears by one rename, so who else writes it, or dies
 * while it does, cannot leave half of one. Where there is nothing to be had, for whatever reason,
 * the bzImage is started as ever.
 */
public final class UnpackedKernels {
  private static final long MAGIC = 0x6b6e_696c_6576_616aL;
  private static final int TRAILER = 3 * Long.BYTES;
  private static final int BUFFER = 1 << 20;

  private final Path folder;
  private final Consumer<String> say;

  /**
   * Keeps files in {@code folder}, which is made when it is missing.
   *
   * @param say told, in a line, what takes long, and why there is nothing to be had
   */
  public UnpackedKernels(Path folder, Consumer<String> say) {
    this.folder = folder;
    this.say = say;
  }

  /** The vmlinux of {@code bzImage}; {@code bzImage} itself where it cannot be had. */
  public Path of(Path bzImage) {
    try {
      KernelPayload payload = KernelPayload.find(bzImage);
      Path cached = folder.resolve(name(bzImage));
      if (!isWhole(cached)) {
        say.accept("unpacking " + bzImage + " into " + folder + ", once");
        Files.createDirectories(folder);
        unpack(payload, cached);
      }
      return cached;
    } catch (IOException e) {
      say.accept(bzImage + " is started as it is, packed: " + e.getMessage());
      return bzImage;
    }
  }

  private static String name(Path bzImage) throws IOException {
    CRC32 crc = new CRC32();
    Adler32 adler = new Adler32();
    long length = 0;
    try (InputStream in = Files.newInputStream(bzImage)) {
      byte[] buffer = new byte[BUFFER];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        crc.update(buffer, 0, n);
        adler.update(buffer, 0, n);
        length += n;
      }
    }
    return String.format("vmlinux-%x-%08x-%08x", length, crc.getValue(), adler.getValue());
  }

  private static boolean isWhole(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file)) {
      long length = channel.size() - TRAILER;
      ByteBuffer trailer = ByteBuffer.allocate(TRAILER).order(ByteOrder.LITTLE_ENDIAN);
      if (length <= 0 || channel.read(trailer, length) != TRAILER) {
        return false;
      }
      return trailer.getLong(0) == MAGIC
          && trailer.getLong(Long.BYTES) == length
          && trailer.getLong(2 * Long.BYTES) == checksum(channel, length);
    } catch (IOException e) {
      return false;
    }
  }

  private static long checksum(FileChannel channel, long length) throws IOException {
    CRC32 crc = new CRC32();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    for (long at = 0; at < length; at += buffer.position()) {
      buffer.clear().limit((int) Math.min(BUFFER, length - at));
      if (channel.read(buffer, at) <= 0) {
        return -1;
      }
      buffer.flip();
      crc.update(buffer);
    }
    return crc.getValue();
  }

  private static void unpack(KernelPayload payload, Path cached) throws IOException {
    Path partial = Files.createTempFile(cached.getParent(), "partial-", "");
    try {
      try (OutputStream file = Files.newOutputStream(partial)) {
        CRC32 crc = new CRC32();
        long length = payload.unpackTo(new CheckedOutputStream(file, crc));
        ByteBuffer trailer = ByteBuffer.allocate(TRAILER).order(ByteOrder.LITTLE_ENDIAN);
        trailer.putLong(MAGIC).putLong(length).putLong(crc.getValue());
        file.write(trailer.array());
      }
      requireElf(partial);
      Files.move(partial, cached, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  private static void requireElf(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] magic = in.readNBytes(Integer.BYTES);
      if (ByteBuffer.wrap(magic).order(ByteOrder.LITTLE_ENDIAN).getInt() != ElfImage.MAGIC) {
        throw new IOException("what is packed in it is no ELF file");
      }
    }
  }
}
