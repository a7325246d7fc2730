package javelin.boot.machine;

import java.nio.charset.StandardCharsets;
import javelin.devices.virtio.fs.VirtioFs;
import javelin.vmm.linux.UnixSocket;

/**
 * A folder of the host's in the guest: {@code tag=TAG,dir=PATH} or {@code tag=TAG,socket=PATH}.
 *
 * @param tag what the guest mounts it by
 * @param dir the folder, which a virtiofsd is started for; null where one is running
 * @param socket where that one listens; null where one is started
 */
public record FsSpec(String tag, String dir, String socket) {
  static final String OPTION = "--fs";
  private static final String HELP = "options are tag=TAG, and dir=PATH or socket=PATH";

  /**
   * Reads a value of {@code --fs}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static FsSpec parse(String text) {
    Suboptions values = new Suboptions(OPTION, text, false);
    FsSpec spec = new FsSpec(values.take("tag"), values.take("dir"), values.take("socket"));
    try {
      values.requireNoMore(HELP);
      spec.requireComplete();
      return spec;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  private void requireComplete() {
    if (tag == null || (dir == null) == (socket == null)) {
      throw new IllegalArgumentException(
          "give a tag and a folder, as in tag=home,dir=/home, or a tag and the socket of a"
              + " virtiofsd, as in tag=home,socket=fs.sock");
    }
    int bytes = bytes(tag);
    if (bytes == 0 || bytes > VirtioFs.LONGEST_TAG) {
      throw new IllegalArgumentException("tag has 1 to " + VirtioFs.LONGEST_TAG + " bytes");
    }
    if (dir != null && dir.isEmpty()) {
      throw new IllegalArgumentException("dir is a folder");
    }
    if (socket != null && (bytes(socket) == 0 || bytes(socket) > UnixSocket.LONGEST_PATH)) {
      throw new IllegalArgumentException(
          "socket is a path of 1 to " + UnixSocket.LONGEST_PATH + " bytes");
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  /** The option's value. */
  @Override
  public String toString() {
    return "tag=" + tag + (dir == null ? ",socket=" + socket : ",dir=" + dir);
  }
}
