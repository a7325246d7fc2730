package javelin.boot.kernel;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Says what a file that is no kernel seems to be, by its first bytes. */
final class FileMagic {
  private static final String[][] KNOWN = {
    {"1f8b", "gzip-compressed data; unpack it with gunzip"},
    {"fd377a585a00", "xz-compressed data; unpack it with unxz"},
    {"28b52ffd", "zstd-compressed data; unpack it with unzstd"},
    {"02214c18", "lz4-compressed data; unpack it with unlz4"},
    {"425a68", "bzip2-compressed data; unpack it with bunzip2"},
    {"303730373031", "a cpio archive; it belongs to --initrd"},
    {"213c617263683e", "an ar archive or Debian package; unpack it with dpkg-deb -x"},
    {"2321", "a script"},
    {"4d5a", "an EFI program without Linux's boot header"},
    {"514649fb", "a qcow2 disk image"},
  };

  static String describe(ByteBuffer head) {
    byte[] start = new byte[Math.min(head.limit(), 8)];
    head.get(0, start);
    String hex = HexFormat.of().formatHex(start);
    for (String[] kind : KNOWN) {
      if (hex.startsWith(kind[0])) {
        return kind[1];
      }
    }
    if (head.limit() >= SetupHeader.BOOT_FLAG_OFFSET + Short.BYTES
        && head.getChar(SetupHeader.BOOT_FLAG_OFFSET) == SetupHeader.BOOT_FLAG) {
      return "a boot sector without Linux's boot header";
    }
    return "a file that starts with the bytes " + hex;
  }

  private FileMagic() {}
}
