package javelin.boot.machine;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import javelin.vmm.linux.HostFiles;

/**
 * When this process began, as its launcher says by {@value #PROPERTY} (two times in seconds since
 * 1970 with six places behind the point, and a colon between them: its first line, and its last
 * one, which starts the JVM). Without a launcher the kernel says it, in {@code /proc/self/stat}, to
 * a hundredth of a second.
 *
 * @param start the start in nanoseconds of {@link System#nanoTime}
 * @param jvm the start of the JVM, likewise; {@code start} where no launcher says it
 */
public record ProcessStart(long start, long jvm) {
  /** The system property that the launcher sets. */
  public static final String PROPERTY = "javelin.launched";

  /** A wall clock that is set while Javelin starts must not give a launch of days. */
  private static final Duration PLAUSIBLE = Duration.ofMinutes(10);

  private static final long NANOS_PER_MICRO = 1000;
  private static final double NANOS_PER_SECOND = 1e9;

  /** proc(5): times of processes are in 1/100 s on every x86 Linux (USER_HZ). */
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Field 22 of /proc/PID/stat, counted behind the program's name, which is field 2. */
  private static final int START_TIME_FIELD = 22 - 3;

  /** Asks for the start of this process. */
  public static ProcessStart find() {
    return find(System.getProperty(PROPERTY, ""), HostFiles.system());
  }

  static ProcessStart find(String launcher, HostFiles files) {
    long now = System.nanoTime();
    String[] times = launcher.split(":", -1);
    try {
      if (times.length == 2) {
        long start = ago(micros(times[0]));
        long jvm = ago(micros(times[1]));
        if (start >= jvm && jvm >= 0 && start <= PLAUSIBLE.toNanos()) {
          return new ProcessStart(now - start, now - jvm);
        }
      }
    } catch (NumberFormatException e) {
      // The kernel is asked instead.
    }
    long start = now - sinceProcessStart(files);
    return new ProcessStart(start, start);
  }

  /** Bash's EPOCHREALTIME has the user's decimal point. */
  private static long micros(String time) {
    return Long.parseLong(time.replace(".", "").replace(",", ""));
  }

  /** Nanoseconds from a time, in microseconds since 1970, to now. */
  private static long ago(long micros) {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    return (now - micros) * NANOS_PER_MICRO;
  }

  /** What the kernel says; 0 where there is no /proc. */
  private static long sinceProcessStart(HostFiles files) {
    String stat = files.text("/proc/self/stat").orElse("");
    String uptime = files.text("/proc/uptime").orElse("");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", -1);
    if (fields.length <= START_TIME_FIELD || uptime.isEmpty()) {
      return 0;
    }
    double seconds = Double.parseDouble(uptime.split(" ", -1)[0]);
    long started = Long.parseLong(fields[START_TIME_FIELD]) * NANOS_PER_TICK;
    return Math.max(0, (long) (seconds * NANOS_PER_SECOND) - started);
  }
}
