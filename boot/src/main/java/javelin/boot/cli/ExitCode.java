package javelin.boot.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the process ends with.
 *
 * <p>A guest's own code, written to the debug-exit port as {@code v}, is {@code (v << 1) | 1} and
 * so always odd; Javelin's own codes are even. Codes above 128 tell of a signal, as in a shell.
 */
public final class ExitCode {
  /** The guest powered off, or the command did what it was asked. */
  public static final int OK = 0;

  /** The arguments are not understood, or do not fit together. */
  public static final int USAGE = 2;

  /** The machine cannot be started: a file, the host or KVM stands against it. */
  public static final int START_ERROR = 4;

  /** The guest crashed: a triple fault, or a state that KVM cannot run. */
  public static final int GUEST_CRASH = 6;

  /** The guest reset the machine under {@code --on-reset stop}. */
  public static final int GUEST_RESET = 8;

  /** The user ended the run from the console (Ctrl-A x), or by its control socket. */
  public static final int ENDED_BY_USER = 10;

  /** An error of Javelin itself (sysexits.h, EX_SOFTWARE). */
  public static final int INTERNAL_ERROR = 70;

  /** The time of {@code --timeout} is over, as timeout(1) says it. */
  public static final int TIMEOUT = 124;

  private static final int SIGNAL_BASE = 128;

  private ExitCode() {}

  /** For a process that signal number {@code signal} ended. */
  public static int ofSignal(int signal) {
    return SIGNAL_BASE + signal;
  }

  /** The codes of {@code javelin run} with their meanings, in picocli's markup, for its help. */
  static Map<String, String> help() {
    Map<String, String> codes = new LinkedHashMap<>();
    codes.put(Integer.toString(OK), "the guest powered off");
    codes.put("odd", "the guest's own code, written to the debug-exit port");
    codes.put(Integer.toString(USAGE), "the arguments are not understood");
    codes.put(Integer.toString(START_ERROR), "the machine could not be started");
    codes.put(
        Integer.toString(GUEST_CRASH), "the guest crashed (triple fault, KVM internal error)");
    codes.put(Integer.toString(GUEST_RESET), "the guest reset, under --on-reset stop");
    codes.put(Integer.toString(ENDED_BY_USER), "ended with Ctrl-A x, or by the control socket");
    codes.put(Integer.toString(INTERNAL_ERROR), "an error of Javelin itself");
    codes.put(Integer.toString(TIMEOUT), "the time of --timeout was over");
    codes.put("128+n", "ended by signal n: 130 for Ctrl-C, 143 for SIGTERM");
    return codes;
  }
}
