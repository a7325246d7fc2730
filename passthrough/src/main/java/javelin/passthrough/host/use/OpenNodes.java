package javelin.passthrough.host.use;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import javelin.vmm.linux.HostFiles;

/**
 * Which processes have which files open, by the links of /proc/PID/fd, at the moment of reading.
 * Processes of other users are seen by root only.
 */
public final class OpenNodes {
  private static final String PROC = "/proc";
  private static final String NODES = "/dev/";

  private final Map<String, TreeSet<Long>> holders = new TreeMap<>();

  /** Reads who has device nodes open. */
  public OpenNodes(HostFiles files) {
    this(files, target -> target.startsWith(NODES));
  }

  /** Reads who has the {@code wanted} files open. */
  public OpenNodes(HostFiles files, Predicate<String> wanted) {
    for (String name : files.names(PROC)) {
      if (name.matches("\\d{1,18}")) {
        add(files, Long.parseLong(name), PROC + "/" + name + "/fd", wanted);
      }
    }
  }

  private void add(HostFiles files, long process, String folder, Predicate<String> wanted) {
    for (String fd : files.names(folder)) {
      files
          .linkTarget(folder + "/" + fd) // Empty where it was closed since it was listed.
          .filter(wanted)
          .ifPresent(node -> holders.computeIfAbsent(node, n -> new TreeSet<>()).add(process));
    }
  }

  /** The processes that have {@code node} open, by number. */
  public List<Long> holders(String node) {
    return List.copyOf(holders.getOrDefault(node, new TreeSet<>()));
  }
}
