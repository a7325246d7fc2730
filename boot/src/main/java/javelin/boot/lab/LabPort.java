package javelin.boot.lab;

import java.util.Locale;

/** The lines between a lab's host and Javelin, each a virtio console port. */
enum LabPort {
  /**
   * The host says "up", then "exit" and the command's exit code; it powers off when this closes.
   */
  CONTROL,
  /** What the command writes to standard output. */
  STDOUT,
  /** What the command writes to standard error. */
  STDERR,
  /** The user's terminal, when a shell runs. */
  TERMINAL;

  /** The name of the port in the lab. */
  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether a lab has this port, with a shell or with a command. */
  boolean isUsed(boolean shell) {
    return this == CONTROL || (this == TERMINAL) == shell;
  }
}
