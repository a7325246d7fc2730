package javelin.boot.machine;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import javelin.devices.virtio.net.MacAddress;
import javelin.devices.virtio.net.TapBackend;
import javelin.devices.virtio.net.VirtioNet;
import javelin.vmm.linux.UnixSocket;

/**
 * A network device of the guest's: {@code tap=NAME[,queues=N]}, {@code fd=N}, {@code passt} or
 * {@code socket=PATH}, each with {@code [,mac=ADDRESS][,poll=TIME][,packed=off]}, taps also with
 * {@code [,vhost=on]}.
 *
 * @param kind what it is on
 * @param target the tap's name, the descriptor's number, or the socket's path; empty for passt
 * @param queues pairs of queues
 * @param mac its address; null for one that is derived
 * @param pollNanos how long its queues are looked at for more, at most; 0 for not at all
 * @param isPacked whether packed rings are offered
 * @param isVhost whether the host's kernel serves the queues of packets
 */
public record NetSpec(
    Kind kind,
    String target,
    int queues,
    MacAddress mac,
    long pollNanos,
    boolean isPacked,
    boolean isVhost) {
  /** What a network device is on. */
  public enum Kind {
    /** A tap of the host's, by its name. */
    TAP,
    /** The descriptor of a tap. */
    FD,
    /** A passt process of its own. */
    PASST,
    /** A stream socket that passt, or the like, listens at. */
    SOCKET
  }

  static final String OPTION = "--net";
  private static final String HELP =
      "options are queues=N and vhost=on (of a tap), mac=ADDRESS, poll=TIME, packed=off";
  private static final String KINDS = "give tap=NAME, fd=N, passt or socket=PATH";

  /** What the kernel takes for a name, but for those with a template in them. */
  private static final Pattern NAME =
      Pattern.compile("(?!\\.{1,2}$)[!-~&&[^/:%]]{1," + TapBackend.LONGEST_NAME + "}");

  /** Behind standard input, output and error. */
  private static final int FIRST_FD = 3;

  /** A network device whose queues this process serves and does not poll, with packed rings. */
  public NetSpec(Kind kind, String target, int queues, MacAddress mac) {
    this(kind, target, queues, mac, 0, true, false);
  }

  /**
   * Reads a value of {@code --net}.
   *
   * @throws ConfigException naming what is wrong with it
   */
  public static NetSpec parse(String text) {
    Suboptions values = new Suboptions(OPTION, text, true);
    try {
      String[] what = values.value().split("=", 2);
      Kind kind = kind(what);
      String target = what.length > 1 ? what[1] : "";
      requireTarget(kind, target);
      String mac = values.take("mac");
      boolean hasPoll = values.has("poll");
      NetSpec spec =
          new NetSpec(
              kind,
              target,
              queues(kind, values.take("queues")),
              mac == null ? null : MacAddress.parse(mac),
              PollTime.parse(values.take("poll")),
              values.takeSwitch("packed", true),
              isVhost(kind, hasPoll, values));
      values.requireNoMore(HELP);
      return spec;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(OPTION, text, e.getMessage());
    }
  }

  private static Kind kind(String[] what) {
    boolean hasTarget = what.length > 1;
    return switch (what[0] + (hasTarget ? "=" : "")) {
      case "tap=" -> Kind.TAP;
      case "fd=" -> Kind.FD;
      case "socket=" -> Kind.SOCKET;
      case "passt" -> Kind.PASST;
      default -> throw new IllegalArgumentException(KINDS);
    };
  }

  private static void requireTarget(Kind kind, String target) {
    int bytes = target.getBytes(StandardCharsets.UTF_8).length;
    if (kind == Kind.TAP && !NAME.matcher(target).matches()) {
      throw new IllegalArgumentException(
          "an interface's name has 1 to " + TapBackend.LONGEST_NAME + " characters, as in tap0");
    }
    if (kind == Kind.FD) {
      requireDescriptor(target);
    }
    if (kind == Kind.SOCKET && (bytes == 0 || bytes > UnixSocket.LONGEST_PATH)) {
      throw new IllegalArgumentException(
          "a socket's path has 1 to " + UnixSocket.LONGEST_PATH + " bytes");
    }
  }

  private static void requireDescriptor(String target) {
    try {
      if (Integer.parseInt(target) >= FIRST_FD) {
        return;
      }
    } catch (NumberFormatException e) {
      // As for a number out of range.
    }
    throw new IllegalArgumentException(
        "fd is the number of an open descriptor, " + FIRST_FD + " or above");
  }

  private static boolean isVhost(Kind kind, boolean hasPoll, Suboptions values) {
    boolean isVhost = values.takeSwitch("vhost", false);
    if (isVhost && hasPoll) {
      throw new IllegalArgumentException(
          "vhost=on leaves no queues to poll: leave one of them away");
    }
    if (isVhost && kind != Kind.TAP && kind != Kind.FD) {
      throw new IllegalArgumentException("vhost=on is for taps only: tap=NAME or fd=N");
    }
    return isVhost;
  }

  private static int queues(Kind kind, String text) {
    if (text == null) {
      return 1;
    }
    if (kind != Kind.TAP) {
      throw new IllegalArgumentException("queues is for tap=NAME only");
    }
    try {
      int queues = Integer.parseInt(text);
      if (queues >= 1 && queues <= VirtioNet.MAX_PAIRS) {
        return queues;
      }
    } catch (NumberFormatException e) {
      // As for a number out of range.
    }
    throw new IllegalArgumentException("queues is a number from 1 to " + VirtioNet.MAX_PAIRS);
  }

  /** The option's value without its options. */
  @Override
  public String toString() {
    String name = kind.name().toLowerCase(java.util.Locale.ROOT);
    return kind == Kind.PASST ? name : name + "=" + target;
  }
}
