package javelin.perf.boot;

import java.util.List;
import java.util.OptionalLong;
import javelin.vmm.linux.HostFiles;

/**
 * What a monitor's process has in RAM beside its guest's RAM, by proportional set size (proc(5),
 * /proc/PID/smaps): a page that several processes share counts for each of them by its share.
 */
final class GuestFreeMemory {
  private static final long BYTES_PER_KIBIBYTE = 1024;

  /** The name of Javelin's memory for guests. */
  private static final String JAVELINS_RAM = "memfd:guest-ram";

  private GuestFreeMemory() {}

  /**
   * Reads it.
   *
   * @param guestRam bytes of RAM of the guest: of other monitors, a mapping of that size or more is
   *     taken for it
   * @return bytes; none where the process is gone
   */
  static OptionalLong of(long pid, long guestRam) {
    return of(HostFiles.system().lines("/proc/" + pid + "/smaps"), guestRam);
  }

  static OptionalLong of(List<String> smaps, long guestRam) {
    long sum = 0;
    boolean isGuests = false;
    boolean any = false;
    String mapping = "";
    for (String line : smaps) {
      if (line.startsWith("Size:")) {
        isGuests = mapping.contains(JAVELINS_RAM) || bytes(line) >= guestRam;
      } else if (line.startsWith("Pss:")) {
        any = true;
        sum += isGuests ? 0 : bytes(line);
      } else if (isMapping(line)) {
        mapping = line;
      }
    }
    return any ? OptionalLong.of(sum) : OptionalLong.empty();
  }

  /** {@code START-END PERMISSIONS ...}; the lines of figures have a word and a colon. */
  private static boolean isMapping(String line) {
    int dash = line.indexOf('-');
    return dash > 0 && line.substring(0, dash).chars().allMatch(c -> Character.digit(c, 16) >= 0);
  }

  /** The bytes in {@code Name: 4 kB}. */
  private static long bytes(String line) {
    String[] words = line.trim().split(" +", -1);
    return Long.parseLong(words[1]) * BYTES_PER_KIBIBYTE;
  }
}
