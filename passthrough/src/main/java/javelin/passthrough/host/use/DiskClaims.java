package javelin.passthrough.host.use;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.vmm.linux.HostFiles;

/** What holds block devices: mounts, swap space, and file systems over several devices. */
final class DiskClaims {
  private static final String BTRFS = "/sys/fs/btrfs";
  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  private final HostFiles files;
  private final List<Mount> mounts = new ArrayList<>();
  private final List<String> swaps;

  /** A mount: the device's number, where it is, and its source. */
  private record Mount(String number, String place, String source) {}

  DiskClaims(HostFiles files) {
    this.files = files;
    files.lines("/proc/self/mountinfo").forEach(this::addMount);
    swaps =
        files.lines("/proc/swaps").stream()
            .skip(1)
            .map(line -> resolve(plain(line.split("\\s+", 2)[0])))
            .toList();
  }

  /**
   * proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, options, any number of
   * fields, a hyphen, type, source. File systems such as btrfs show numbers of their own; then the
   * source tells.
   */
  private void addMount(String line) {
    String[] halves = line.split(" - ", 2);
    String[] mount = halves[0].split(" ", -1);
    if (halves.length == 2 && mount.length > 4) {
      String[] kind = halves[1].split(" ", -1);
      String source = kind.length > 1 ? resolve(plain(kind[1])) : "";
      mounts.add(new Mount(mount[2], plain(mount[4]), source));
    }
  }

  /** Sources may be links, such as those of /dev/disk. */
  private String resolve(String source) {
    return source.startsWith("/") ? files.realPath(source).orElse(source) : source;
  }

  /** Blanks and such are written as a backslash and three octal digits. */
  private static String plain(String text) {
    return OCTAL
        .matcher(text)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    Character.toString(Integer.parseInt(match.group(1), Byte.SIZE))));
  }

  private static String more(int places) {
    return switch (places) {
      case 0 -> "";
      case 1 -> " and in one more place";
      default -> " and in " + places + " more places";
    };
  }

  /** What holds a block device itself, in words that follow its name and "is". */
  Optional<String> on(BlockNode node) {
    List<String> places =
        mounts.stream()
            .filter(mount -> mount.number().equals(node.number()) || node.isAt(mount.source()))
            .map(Mount::place)
            .distinct()
            .toList();
    if (!places.isEmpty()) {
      return Optional.of("mounted on " + places.get(0) + more(places.size() - 1));
    }
    if (swaps.stream().anyMatch(node::isAt)) {
      return Optional.of("swap space");
    }
    return files.names(BTRFS).stream()
        .filter(system -> files.exists(BTRFS + "/" + system + "/devices/" + node.name()))
        .map(system -> "part of the btrfs file system " + system)
        .findFirst();
  }
}
