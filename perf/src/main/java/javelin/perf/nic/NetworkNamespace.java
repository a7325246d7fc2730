package javelin.perf.nic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import javelin.perf.bench.HostTool;
import javelin.perf.linux.OwnNetwork;
import javelin.vmm.linux.Linux;

/**
 * A network namespace with a thread that lives in it. It ends with this process at the latest; the
 * kernel moves devices' interfaces back into the host's network then.
 */
final class NetworkNamespace implements AutoCloseable {
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread made = new Thread(task, "network");
            made.setDaemon(true);
            return made;
          });
  private final String threadId;

  /**
   * Makes one.
   *
   * @throws javelin.boot.cli.CommandException saying what is missing for it
   */
  NetworkNamespace(Linux linux) throws IOException, InterruptedException {
    try {
      threadId =
          call(
              () -> {
                OwnNetwork.enter(linux);
                Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
                return self.getFileName().toString();
              });
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** Does something in it: sockets and processes that are made there belong to it. */
  <T> T call(Callable<T> task) throws IOException, InterruptedException {
    try {
      return thread.submit(task).get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException io) {
        throw io;
      }
      if (cause instanceof RuntimeException runtime) {
        throw runtime;
      }
      throw new IllegalStateException(cause);
    }
  }

  /** Runs {@code ip} with these words in it. */
  void ip(String... words) throws IOException, InterruptedException {
    String[] command = Stream.concat(Stream.of("ip"), Arrays.stream(words)).toArray(String[]::new);
    call(() -> HostTool.output(command));
  }

  /** Moves an interface in from the network of this process; that takes it down. */
  void takeIn(String name) throws IOException, InterruptedException {
    HostTool.output("ip", "link", "set", "dev", name, "netns", threadId);
  }

  /** Moves it back. */
  void giveBack(String name) throws IOException, InterruptedException {
    String process = Long.toString(ProcessHandle.current().pid());
    ip("link", "set", "dev", name, "netns", process);
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
