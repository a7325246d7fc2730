package javelin.vmm.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs a test's body and requires that the process then has the descriptors, the mappings (of
 * memfds, devices and anonymous inodes) and the threads that it had before.
 *
 * <p>What the JVM opens for itself (jars, libraries, compiler threads) does not count. Threads that
 * are about to end, and what they hold, get {@value #GRACE_MILLIS} ms to do so.
 */
public final class NoLeaks {
  private static final long GRACE_MILLIS = 3_000;
  private static final long POLL_MILLIS = 10;

  /** Files of the JVM and of its libraries, and this class's own look into /proc. */
  private static final Pattern JVM_FILE =
      Pattern.compile(
          ".*\\.(jar|so|jsa|class|jmod|aot)( \\(deleted\\))?"
              + "|.*/lib/modules|/dev/u?random|/proc/.*|/sys/fs/cgroup/.*"
              + "|.*/surefire.*|.*/hsperfdata.*|.*/(jna|ffi)[^/]*");

  private static final Pattern MAPPING =
      Pattern.compile("/memfd:.*|/dev/(?!shm/|zero).*|anon_inode:.*");

  private static final Pattern JVM_THREAD =
      Pattern.compile(
          "process reaper.*|.*Cleaner.*|ForkJoinPool\\.commonPool.*|surefire.*|ping-.*|junit-.*"
              + "|Common-Cleaner|Attach Listener|Signal Dispatcher|Reference Handler|Finalizer"
              + "|Notification Thread|C[12] CompilerThread.*|SIG.* handler");

  /** Whether a path in /proc/self/fd is of a file that the JVM, or a library, has for itself. */
  public static boolean isOfTheJvm(String path) {
    return JVM_FILE.matcher(path).matches();
  }

  /** What {@link #noLeaks} runs. */
  @FunctionalInterface
  public interface Body {
    /** The test. */
    void run() throws Exception;
  }

  private record State(
      Map<String, String> descriptors, Map<String, Integer> mappings, Set<Thread> threads) {
    static State now() {
      return new State(readDescriptors(), readMappings(), readThreads());
    }

    /** What is here and was not in {@code before}, each in words. */
    List<String> beyond(State before) {
      List<String> found = new ArrayList<>();
      descriptors.forEach(
          (fd, target) -> {
            if (!target.equals(before.descriptors.get(fd))) {
              found.add("fd " + fd + " " + target);
            }
          });
      mappings.forEach(
          (target, count) -> {
            int more = count - before.mappings.getOrDefault(target, 0);
            if (more > 0) {
              found.add(more + " mapping(s) of " + target);
            }
          });
      for (Thread thread : threads) {
        if (!before.threads.contains(thread)) {
          found.add("thread " + thread.getName());
        }
      }
      return found;
    }
  }

  /**
   * Runs {@code body}.
   *
   * @throws AssertionError naming what the body left
   */
  public static void noLeaks(Body body) throws Exception {
    noLeaks(GRACE_MILLIS, body);
  }

  static void noLeaks(long graceMillis, Body body) throws Exception {
    // Binds both ways of native calls, which keep what they open.
    NativeSyscalls.INSTANCE.getrlimit(
        Linux.RLIMIT_NOFILE, NativeMemory.allocate(16).addressOffset());
    State before = State.now();
    body.run();
    List<String> left = State.now().beyond(before);
    for (long waited = 0; !left.isEmpty() && waited < graceMillis; waited += POLL_MILLIS) {
      Thread.sleep(POLL_MILLIS);
      left = State.now().beyond(before);
    }
    if (!left.isEmpty()) {
      throw new AssertionError("left behind: " + String.join("; ", left));
    }
  }

  private static Map<String, String> readDescriptors() {
    Map<String, String> found = new HashMap<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        try {
          String target = Files.readSymbolicLink(entry).toString();
          if (!isOfTheJvm(target)) {
            found.put(entry.getFileName().toString(), target);
          }
        } catch (IOException e) {
          found.remove(entry.getFileName().toString()); // Closed since it was listed.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static Map<String, Integer> readMappings() {
    Map<String, Integer> found = new HashMap<>();
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      for (String line : (Iterable<String>) lines::iterator) {
        String[] columns = line.split(" +", 6);
        if (columns.length == 6 && MAPPING.matcher(columns[5]).matches()) {
          found.merge(columns[5], 1, Integer::sum);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static Set<Thread> readThreads() {
    Set<Thread> found = new HashSet<>(Thread.getAllStackTraces().keySet());
    found.removeIf(thread -> JVM_THREAD.matcher(thread.getName()).matches());
    return found;
  }

  private NoLeaks() {}
}
