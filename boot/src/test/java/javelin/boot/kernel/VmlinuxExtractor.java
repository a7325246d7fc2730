package javelin.boot.kernel;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/**
 * Takes the ELF vmlinux out of a bzImage (boot.rst: payload_offset, payload_length). gzip and lz4
 * payloads are unpacked here, xz and zstd by the programs of those names.
 */
public final class VmlinuxExtractor {
  private static final int PAYLOAD_OFFSET = 0x248;
  private static final int PAYLOAD_LENGTH = 0x24c;
  private static final int LZ4_LEGACY_MAGIC = 0x184c_2102;

  /** The vmlinux, stripped of its symbols as the kernel's build does. */
  public static byte[] extract(Path bzImage) throws IOException {
    byte[] bytes = Files.readAllBytes(bzImage);
    ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int setupSize = (1 + (image.get(SetupHeader.START) & 0xff)) * 512;
    int start = setupSize + image.getInt(PAYLOAD_OFFSET);
    int end = start + image.getInt(PAYLOAD_LENGTH);
    // The build puts the unpacked size behind the packed bytes; gzip has it inside.
    int size = image.getInt(end - Integer.BYTES);
    return switch (image.getShort(start)) {
      case (short) 0x8b1f -> unpackGzip(bytes, start, end);
      case (short) 0x2102 -> unpackLz4(image, start, end - Integer.BYTES, size);
      case (short) 0x37fd -> unpack("xz", Arrays.copyOfRange(bytes, start, end - Integer.BYTES));
      case (short) 0xb528 -> unpack("zstd", Arrays.copyOfRange(bytes, start, end - Integer.BYTES));
      default -> throw new IOException(bzImage + ": payload of a kind that is not known here");
    };
  }

  private static byte[] unpackGzip(byte[] bytes, int start, int end) throws IOException {
    try (InputStream gzip =
        new GZIPInputStream(new ByteArrayInputStream(bytes, start, end - start))) {
      return gzip.readAllBytes();
    }
  }

  private static byte[] unpack(String program, byte[] packed) throws IOException {
    Process process =
        new ProcessBuilder(program, "-dc").redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread writer =
        new Thread(
            () -> {
              try (var input = process.getOutputStream()) {
                input.write(packed);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    writer.start();
    byte[] unpacked = process.getInputStream().readAllBytes();
    try {
      writer.join();
      if (process.waitFor() != 0) {
        throw new IOException(program + " ended with exit code " + process.exitValue());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(program + " was interrupted", e);
    }
    return unpacked;
  }

  /** LZ4's legacy frame: blocks with their packed size before each (lz4_Frame_format.md). */
  private static byte[] unpackLz4(ByteBuffer image, int start, int end, int size)
      throws IOException {
    byte[] out = new byte[size];
    int to = 0;
    int at = start;
    if (image.getInt(at) != LZ4_LEGACY_MAGIC) {
      throw new IOException("no LZ4 legacy frame");
    }
    at += Integer.BYTES;
    while (at + Integer.BYTES <= end && to < size) {
      int blockEnd = at + Integer.BYTES + image.getInt(at);
      at += Integer.BYTES;
      while (at < blockEnd) {
        int token = image.get(at++) & 0xff;
        int literals = token >>> 4;
        for (int more = literals == 15 ? 255 : 0; more == 255; literals += more) {
          more = image.get(at++) & 0xff;
        }
        image.get(at, out, to, literals);
        at += literals;
        to += literals;
        if (at >= blockEnd) {
          break;
        }
        int distance = image.getChar(at);
        at += Short.BYTES;
        int match = (token & 15) + 4;
        for (int more = match == 19 ? 255 : 0; more == 255; match += more) {
          more = image.get(at++) & 0xff;
        }
        // A match may overlap what it writes, so byte by byte.
        for (int i = 0; i < match; i++, to++) {
          out[to] = out[to - distance];
        }
      }
    }
    if (to != size) {
      throw new IOException("LZ4 payload of " + to + " bytes, " + size + " were said");
    }
    return out;
  }

  private VmlinuxExtractor() {}
}
