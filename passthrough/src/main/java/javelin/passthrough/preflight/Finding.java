package javelin.passthrough.preflight;

/**
 * Something about a host, a device or a guest that stands against assigning, or that the user
 * should know before.
 *
 * @param subject what it is about, such as {@code RLIMIT_MEMLOCK} or {@code 0000:03:00.0}
 * @param problem what is wrong with it
 * @param remedy the way out
 * @param severity what follows from it
 */
public record Finding(String subject, String problem, String remedy, Severity severity) {
  /** What follows from a finding. */
  public enum Severity {
    /** The devices cannot be assigned as long as it is so. */
    BLOCKS,
    /** They can be, at a price. */
    WARNS
  }

  static Finding blocks(String subject, String problem, String remedy) {
    return new Finding(subject, problem, remedy, Severity.BLOCKS);
  }

  static Finding warns(String subject, String problem, String remedy) {
    return new Finding(subject, problem, remedy, Severity.WARNS);
  }

  /** Whether the devices cannot be assigned as long as it is so. */
  public boolean isBlocking() {
    return severity == Severity.BLOCKS;
  }

  /** One line for people: {@code subject: problem; remedy}. */
  public String text() {
    return subject + ": " + problem + "; " + remedy;
  }
}
