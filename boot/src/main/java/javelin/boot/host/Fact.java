package javelin.boot.host;

import java.util.Objects;

/**
 * One thing that is known of a host.
 *
 * @param name what it is
 * @param state whether it is there
 * @param value what was found, in a few words
 * @param neededFor what Javelin needs it for; empty where it only explains the rest
 */
public record Fact(String name, State state, String value, String neededFor) {
  /** Whether a thing is there, and whether that matters. */
  public enum State {
    /** It is there. */
    OK,
    /** It is not there; Javelin does without. */
    ABSENT,
    /** It is not there, and nothing runs without it. */
    MISSING,
    /** It is neither good nor bad. */
    PLAIN,
    /** It is not as it should be; Javelin does its work all the same. */
    WARNS,
    /** It stands against what the user wants to do. */
    BLOCKS
  }

  /** Checks that all is there. */
  public Fact {
    Objects.requireNonNull(name);
    Objects.requireNonNull(state);
    Objects.requireNonNull(value);
    Objects.requireNonNull(neededFor);
  }

  /** A thing that is neither good nor bad. */
  static Fact plain(String name, String value) {
    return new Fact(name, State.PLAIN, value, "");
  }

  /** A thing that is there or, harmlessly, not. */
  static Fact optional(boolean there, String name, String value, String neededFor) {
    return new Fact(name, there ? State.OK : State.ABSENT, value, neededFor);
  }

  /** A thing that must be there. */
  static Fact required(boolean there, String name, String value, String neededFor) {
    return new Fact(name, there ? State.OK : State.MISSING, value, neededFor);
  }
}
