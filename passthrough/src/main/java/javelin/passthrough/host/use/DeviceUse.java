package javelin.passthrough.host.use;

/**
 * Something that this host uses a PCI device for, and would lose with it.
 *
 * @param kind what sort of thing
 * @param subject the thing's name, such as {@code eth0} or {@code nvme0n1p1}
 * @param words a clause for people: {@code "eth0 is up and has the default route"}
 */
public record DeviceUse(Kind kind, String subject, String words) {
  /** The sorts of uses. */
  public enum Kind {
    NETWORK,
    SSH,
    BLOCK,
    SHARE,
    DISPLAY,
    INPUT,
    CONSOLE,
    PROGRAM,
    SRIOV
  }
}
