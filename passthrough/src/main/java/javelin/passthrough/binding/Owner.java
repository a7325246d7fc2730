package javelin.passthrough.binding;

import java.util.Arrays;
import java.util.Optional;
import javelin.vmm.linux.HostFiles;

/**
 * A process, told from a later one that has the same number by the time of its start.
 *
 * @param pid its number
 * @param startTime clock ticks after boot (proc(5), /proc/PID/stat, field 22)
 */
record Owner(long pid, long startTime) {
  private static final int STATE_FIELD = 3;
  private static final int START_TIME_FIELD = 22;
  private static final int COMMAND_LENGTH = 80;

  /** This process. */
  static Owner self(HostFiles files) {
    long pid = ProcessHandle.current().pid();
    return new Owner(pid, stat(files, pid, START_TIME_FIELD).map(Long::parseLong).orElse(0L));
  }

  /** Whether it still runs; a zombie does not. */
  boolean isAlive(HostFiles files) {
    return stat(files, pid, START_TIME_FIELD).filter(Long.toString(startTime)::equals).isPresent()
        && stat(files, pid, STATE_FIELD).filter(state -> !"ZX".contains(state)).isPresent();
  }

  /** Process {@code pid} in words: its number and command line. */
  static String describe(HostFiles files, long pid) {
    String command =
        files
            .text("/proc/" + pid + "/cmdline")
            .map(text -> text.replace('\0', ' ').strip())
            .filter(text -> !text.isEmpty())
            .orElse("");
    if (command.length() > COMMAND_LENGTH) {
      command = command.substring(0, COMMAND_LENGTH) + "...";
    }
    return "process " + pid + (command.isEmpty() ? "" : " (" + command + ")");
  }

  /** A field of /proc/PID/stat, counted from 1; from 3 on, behind the command's parenthesis. */
  private static Optional<String> stat(HostFiles files, long pid, int field) {
    return files
        .text("/proc/" + pid + "/stat")
        .map(text -> text.substring(text.lastIndexOf(')') + 1).strip().split(" ", -1))
        .flatMap(fields -> Arrays.stream(fields).skip(field - STATE_FIELD).findFirst());
  }
}
