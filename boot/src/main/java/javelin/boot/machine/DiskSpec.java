package javelin.boot.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.devices.virtio.blk.nbd.NbdAddress;

/**
 * A disk of the guest's: {@code disk.img[,readonly=on][,serial=TEXT][,queues=N]} and {@code
 * [,poll=TIME][,packed=off]}, for files with {@code
 * [,cache=none|writeback][,aio=uring|threads|sync]}, and instead of a file {@code
 * nbd:unix:PATH[,export=NAME]} or {@code nbd://HOST[:PORT][/EXPORT]}.
 *
 * @param path a raw image file, or a block device; null where it is on a server
 * @param isReadOnly whether the guest may only read it
 * @param serial its serial number; empty for none
 * @param queues number of request queues
 * @param isDirect whether the host's page cache is passed by
 * @param aio how requests are done
 * @param pollNanos how long its queues are looked at for more, at most; 0 for not at all
 * @param isPacked whether packed rings are offered
 * @param nbd the export of a server that it is; null for a file
 */
public record DiskSpec(
    Path path,
    boolean isReadOnly,
    String serial,
    int queues,
    boolean isDirect,
    Aio aio,
    long pollNanos,
    boolean isPacked,
    NbdAddress nbd) {
  private static final String OPTION = "--disk";
  private static final String HELP =
      "options are readonly=on, serial=TEXT, queues=N, cache=none, aio=HOW, poll=TIME, packed=off,"
          + " and export=NAME of an NBD server";
  private static final Pattern SERIAL = Pattern.compile("[!-~]{1,20}");

  /** How requests are done. */
  public enum Aio {
    /** As the kernel can. */
    AUTO,
    URING,
    THREADS,
    SYNC
  }

  /** A disk in the host's page cache. */
  public DiskSpec(Path path, boolean isReadOnly, String serial, int queues) {
    this(path, isReadOnly, serial, queues, false, Aio.AUTO, 0, true, null);
  }

  /**
   * Reads a value of {@code --disk}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static DiskSpec parse(String text) {
    Suboptions values = new Suboptions(OPTION, text, true);
    try {
      if (values.value().isEmpty()) {
        throw new IllegalArgumentException("give a file, as in disk.img,readonly=on");
      }
      boolean isFile = !NbdAddress.isOne(values.value());
      String export = values.take("export");
      requireFor(isFile, values);
      if (isFile && export != null) {
        throw new IllegalArgumentException("export is for disks on an NBD server only");
      }
      DiskSpec spec =
          new DiskSpec(
              isFile ? Path.of(values.value()) : null,
              values.takeSwitch("readonly", false),
              serial(values.take("serial")),
              queues(values.take("queues")),
              isDirect(values.take("cache")),
              aio(values.take("aio")),
              PollTime.parse(values.take("poll")),
              values.takeSwitch("packed", true),
              isFile ? null : NbdAddress.parse(values.value(), export));
      values.requireNoMore(HELP);
      return spec;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  private static void requireFor(boolean isFile, Suboptions values) {
    for (String name : List.of("cache", "aio")) {
      if (!isFile && values.has(name)) {
        throw new IllegalArgumentException(name + " is for disks on files; the server has its own");
      }
    }
  }

  /** What it is on, as messages call it. */
  String place() {
    return nbd == null ? path.toString() : nbd.toString();
  }

  private static boolean isDirect(String text) {
    if (text != null && !text.equals("none") && !text.equals("writeback")) {
      throw new IllegalArgumentException("cache is none or writeback");
    }
    return "none".equals(text);
  }

  private static Aio aio(String text) {
    return switch (text == null ? "auto" : text) {
      case "auto" -> Aio.AUTO;
      case "uring" -> Aio.URING;
      case "threads" -> Aio.THREADS;
      case "sync" -> Aio.SYNC;
      default -> throw new IllegalArgumentException("aio is auto, uring, threads or sync");
    };
  }

  private static String serial(String text) {
    if (text != null && !SERIAL.matcher(text).matches()) {
      throw new IllegalArgumentException("serial takes 1 to 20 characters of ASCII, no spaces");
    }
    return text == null ? "" : text;
  }

  private static int queues(String text) {
    try {
      int queues = text == null ? 1 : Integer.parseInt(text);
      if (queues >= 1 && queues <= VirtioBlk.MAX_QUEUES) {
        return queues;
      }
    } catch (NumberFormatException e) {
      // As for a number out of range.
    }
    throw new IllegalArgumentException("queues is a number from 1 to " + VirtioBlk.MAX_QUEUES);
  }
}
