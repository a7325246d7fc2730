package javelin.perf.linux;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the host's kernel counts of a monitor's process and of its virtual machine: the same for all
 * of them. What the kernel does not show here (debugfs is root's) is left out.
 *
 * <p>Sources: Documentation/virt/kvm (debugfs), Documentation/filesystems/proc.rst.
 */
public final class HostCounters {
  private static final String SWITCHES = "voluntary_ctxt_switches:";
  private static final Path KVM = Path.of("/sys/kernel/debug/kvm");

  private final Map<String, Long> values;

  private HostCounters(Map<String, Long> values) {
    this.values = values;
  }

  /** As they stand now. */
  public static HostCounters of(long pid) throws IOException {
    Map<String, Long> values = new LinkedHashMap<>();
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + pid, "task"))) {
      for (Path thread : threads) {
        machine(values, thread);
        thread(values, thread);
      }
    }
    Path io = Path.of("/proc/" + pid, "io");
    values.put("reads and writes", number(io, "syscr:") + number(io, "syscw:"));
    return new HostCounters(values);
  }

  /** A machine's folder is called after the thread that made it, and a descriptor. */
  private static void machine(Map<String, Long> values, Path thread) throws IOException {
    if (!Files.isReadable(KVM)) {
      return;
    }
    try (DirectoryStream<Path> machines =
        Files.newDirectoryStream(KVM, thread.getFileName() + "-*")) {
      for (Path machine : machines) {
        kvm(values, machine, "exits", "exits");
        kvm(values, machine, "MMIO exits to the monitor", "mmio_exits");
        kvm(values, machine, "port exits", "io_exits");
        kvm(values, machine, "interrupts", "irq_injections");
        kvm(values, machine, "halts", "halt_exits");
      }
    }
  }

  private static void thread(Map<String, Long> values, Path thread) throws IOException {
    try {
      String nanos = Files.readString(thread.resolve("schedstat")).split(" ", 2)[0];
      values.merge("thread switches", number(thread.resolve("status"), SWITCHES), Long::sum);
      values.merge("CPU ns", Long.parseLong(nanos), Long::sum);
    } catch (IOException e) {
      if (Files.exists(thread)) {
        throw e;
      } // else it has ended meanwhile
    }
  }

  private static void kvm(Map<String, Long> values, Path machine, String name, String file)
      throws IOException {
    Path path = machine.resolve(file);
    if (Files.isReadable(path)) {
      values.merge(name, Long.parseLong(Files.readString(path).strip()), Long::sum);
    }
  }

  /** The number behind a name at a line's start. */
  public static long number(Path file, String name) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).strip());
      }
    }
    return 0;
  }

  /** How much each has grown since {@code before}. */
  public Map<String, Long> since(HostCounters before) {
    Map<String, Long> growth = new LinkedHashMap<>();
    values.forEach((name, value) -> growth.put(name, value - before.values.getOrDefault(name, 0L)));
    return growth;
  }
}
