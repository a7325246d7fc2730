package javelin.boot.guest.bench;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What the guest that measures one device does with it, each many times. */
public enum AssignCase {
  READ_REGISTER("register read", Kind.REGISTER),
  DOORBELL_INTX("doorbell to interrupt, INTx", Kind.INTX),
  DOORBELL_MSI("doorbell to interrupt, MSI", Kind.MESSAGE),
  DOORBELL_MSIX("doorbell to interrupt, MSI-X", Kind.MESSAGE),
  DOORBELL_AWAKE("doorbell to interrupt, CPU awake", Kind.MESSAGE),
  READ_4K_DEPTH_1("4 KiB read, depth 1", Kind.DISK_READ),
  READ_4K_PACED("4 KiB read on a schedule", Kind.DISK_READ),
  READ_4K_DEPTH_32("4 KiB read, depth 32", Kind.DISK_READ),
  WRITE_4K_DEPTH_1("4 KiB write, depth 1", Kind.DISK_WRITE),
  WRITE_4K_DEPTH_32("4 KiB write, depth 32", Kind.DISK_WRITE);

  /** What a case needs. */
  public enum Kind {
    REGISTER,
    INTX,
    MESSAGE,
    DISK_READ,
    DISK_WRITE
  }

  private final String title;
  private final Kind kind;

  AssignCase(String title, Kind kind) {
    this.title = title;
    this.kind = kind;
  }

  /** The guest's name for it, without spaces. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The name for people. */
  public String title() {
    return title;
  }

  /** What it needs. */
  public Kind kind() {
    return kind;
  }

  /** Those of some kinds, in order. */
  public static Set<AssignCase> of(Set<Kind> kinds) {
    Set<AssignCase> cases = EnumSet.noneOf(AssignCase.class);
    for (AssignCase one : values()) {
      if (kinds.contains(one.kind)) {
        cases.add(one);
      }
    }
    return cases;
  }
}
