package javelin.boot.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * Writes a cpio archive in the "newc" format, the one that Linux unpacks as an initramfs.
 *
 * <p>Everything belongs to root and bears the time 0, so that the same entries give the same bytes.
 * Missing parent directories are added with mode 0755. Several archives in a row are one archive to
 * Linux; for a compressed one, hand in a {@link java.util.zip.GZIPOutputStream}.
 *
 * <pre>
 *   header: magic "070701", then 13 fields of 8 hexadecimal digits:
 *     ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
 *   name with its NUL, padded to 4 bytes; data, padded to 4 bytes
 * </pre>
 *
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst of the Linux kernel.
 */
public final class CpioArchive implements AutoCloseable {
  private static final int DIRECTORY = 0040000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int BLOCK_DEVICE = 0060000;
  private static final int REGULAR_FILE = 0100000;
  private static final int SYMBOLIC_LINK = 0120000;
  private static final String TRAILER = "TRAILER!!!";
  private static final byte[] NO_DATA = {};

  private final OutputStream out;
  private final Set<String> names = new HashSet<>();
  private int inode;
  private boolean closed;

  /** Starts an archive on {@code out}, which {@link #close} closes. */
  public CpioArchive(OutputStream out) {
    this.out = out;
  }

  /** Adds a directory unless it is there; {@code permissions} such as 0755. */
  public CpioArchive directory(String path, int permissions) throws IOException {
    String name = relative(path);
    if (!names.contains(name)) {
      addParents(name);
      entry(name, DIRECTORY | permissions, 2, 0, 0, NO_DATA);
    }
    return this;
  }

  /** Adds a regular file; {@code permissions} such as 0755. */
  public CpioArchive file(String path, int permissions, byte[] data) throws IOException {
    addNew(path, REGULAR_FILE | permissions, 0, 0, data);
    return this;
  }

  /** Adds a regular file of UTF-8 text. */
  public CpioArchive file(String path, int permissions, String text) throws IOException {
    return file(path, permissions, text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds a symbolic link that points to {@code target}. */
  public CpioArchive symbolicLink(String path, String target) throws IOException {
    addNew(path, SYMBOLIC_LINK | 0777, 0, 0, target.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** Adds a character device node. */
  public CpioArchive characterDevice(String path, int permissions, int major, int minor)
      throws IOException {
    addNew(path, CHARACTER_DEVICE | permissions, major, minor, NO_DATA);
    return this;
  }

  /** Adds a block device node. */
  public CpioArchive blockDevice(String path, int permissions, int major, int minor)
      throws IOException {
    addNew(path, BLOCK_DEVICE | permissions, major, minor, NO_DATA);
    return this;
  }

  /** Ends the archive and closes its stream. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      try (out) {
        header(0, 0, 1, 0, 0, 0, TRAILER);
      }
    }
  }

  private void addNew(String path, int mode, int major, int minor, byte[] data) throws IOException {
    String name = relative(path);
    if (names.contains(name)) {
      throw new IllegalArgumentException("the archive has a " + path + " already");
    }
    addParents(name);
    entry(name, mode, 1, major, minor, data);
  }

  private void addParents(String name) throws IOException {
    int slash = name.lastIndexOf('/');
    if (slash > 0) {
      directory(name.substring(0, slash), 0755);
    }
  }

  private void entry(String name, int mode, int links, int major, int minor, byte[] data)
      throws IOException {
    names.add(name);
    header(++inode, mode, links, major, minor, data.length, name);
    out.write(data);
    pad(data.length);
  }

  private void header(int ino, int mode, int links, int major, int minor, int size, String name)
      throws IOException {
    byte[] nameBytes = (name + '\0').getBytes(StandardCharsets.UTF_8);
    int[] fields = {
      ino, mode, 0, 0, links, 0, size, 0, 0, major, minor, nameBytes.length, 0,
    };
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08X", field));
    }
    out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    out.write(nameBytes);
    pad(header.length() + nameBytes.length);
  }

  private void pad(int length) throws IOException {
    out.write(new byte[-length & 3]);
  }

  private static String relative(String path) {
    String name = path.startsWith("/") ? path.substring(1) : path;
    if (name.isEmpty() || name.endsWith("/") || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("\"" + path + "\" is no name for an archive's entry");
    }
    return name;
  }
}
