package javelin.boot.machine;

import java.nio.charset.StandardCharsets;
import javelin.devices.virtio.vsock.VirtioVsock;
import javelin.vmm.linux.UnixSocket;

/**
 * Sockets between guest and host: {@code cid=N,path=PATH}.
 *
 * @param cid the guest's context ID
 * @param path where the host's programs connect; those that the guest connects to listen at {@code
 *     PATH_PORT}
 */
public record VsockSpec(long cid, String path) {
  static final String OPTION = "--vsock";
  private static final String HELP = "options are cid=N, path=PATH";

  /** With the longest port behind it, it is still a path of a socket. */
  private static final int LONGEST_PATH = UnixSocket.LONGEST_PATH - "_4294967295".length();

  /**
   * Reads a value of {@code --vsock}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static VsockSpec parse(String text) {
    Suboptions values = new Suboptions(OPTION, text, false);
    String cid = values.take("cid");
    String path = values.take("path");
    try {
      values.requireNoMore(HELP);
      if (cid == null || path == null) {
        throw new IllegalArgumentException("give both, as in cid=3,path=vm.sock");
      }
      int bytes = path.getBytes(StandardCharsets.UTF_8).length;
      if (bytes == 0 || bytes > LONGEST_PATH) {
        throw new IllegalArgumentException(
            "path has 1 to " + LONGEST_PATH + " bytes, as ports are put behind it");
      }
      return new VsockSpec(cid(cid), path);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  private static long cid(String text) {
    try {
      long cid = Long.parseLong(text);
      if (cid >= VirtioVsock.FIRST_CID && cid <= VirtioVsock.LAST_CID) {
        return cid;
      }
    } catch (NumberFormatException e) {
      // As for a number out of range.
    }
    throw new IllegalArgumentException(
        "cid is a number from "
            + VirtioVsock.FIRST_CID
            + " to "
            + VirtioVsock.LAST_CID
            + "; the host has 2");
  }

  /** The option's value. */
  @Override
  public String toString() {
    return "cid=" + cid + ",path=" + path;
  }
}
