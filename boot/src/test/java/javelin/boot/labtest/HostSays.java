package javelin.boot.labtest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the lab's host knows of itself: its kernel's log, and what commands say. */
final class HostSays {
  private static final int TAIL_LINES = 30;

  private HostSays() {}

  /** All of its log. */
  static String kernelLog() {
    return of("busybox dmesg");
  }

  /** What a command of the shell prints on the lab's host. */
  static String of(String command) {
    try {
      Process shell = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
      try (InputStream in = shell.getInputStream()) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether a program is installed. */
  static boolean has(String program) {
    return of("command -v " + program).contains("/");
  }

  /** The last lines of its log. */
  static String endOfKernelLog() {
    List<String> lines = kernelLog().lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
  }

  /** Pages that are pinned for DMA now (Linux, Documentation/core-api/pin_user_pages.rst). */
  static long pinnedPages() {
    return vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released");
  }

  private static long vmstat(String name) {
    return Long.parseLong(of("grep '^" + name + " ' /proc/vmstat").strip().split(" ", -1)[1]);
  }

  /** The open files of all processes whose path starts with {@code prefix}. */
  static List<String> holdersOf(String prefix) {
    return of("ls -l /proc/[0-9]*/fd 2> /dev/null | grep -- '-> " + prefix + "' || true")
        .lines()
        .toList();
  }

  /** How often a thread of this process has slept and been woken (proc_pid_status(5)). */
  static long wakeUpsOfThread(String name) {
    String file =
        of("grep -l '^" + name + "$' /proc/" + ProcessHandle.current().pid() + "/task/*/comm");
    String status = file.strip().replace("/comm", "/status");
    String line = of("grep '^voluntary_ctxt_switches:' " + status);
    return Long.parseLong(line.strip().split("\\s+", -1)[1]);
  }
}
