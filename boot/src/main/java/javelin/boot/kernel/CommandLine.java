package javelin.boot.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A command line as the kernel reads it: UTF-8 with a zero byte at its end. */
final class CommandLine {
  /** What Linux on x86 takes without a header to say so: COMMAND_LINE_SIZE less the zero byte. */
  static final int LINUX_MAX = 2047;

  /**
   * Encodes and checks.
   *
   * @param maximum bytes that the kernel takes, without the zero byte
   */
  static byte[] encode(String text, long maximum) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > maximum) {
      throw new KernelLoadException(
          "command line",
          String.format("%d bytes, the kernel takes %d; shorten --append", bytes.length, maximum));
    }
    if (text.indexOf('\0') >= 0) {
      throw new KernelLoadException("command line", "it has a zero byte in it; remove it");
    }
    return Arrays.copyOf(bytes, bytes.length + 1);
  }

  private CommandLine() {}
}
