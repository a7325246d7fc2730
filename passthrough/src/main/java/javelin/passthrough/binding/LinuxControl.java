package javelin.passthrough.binding;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Changes this host.
 *
 * <p>A driver that is told to let its device go may wait for its users for as long as it likes, so
 * each write has a thread of its own: one that outlasts the deadline is left behind as a daemon,
 * and the caller hears in which function of the kernel it is.
 */
final class LinuxControl implements HostControl {
  private final HostFiles files;
  private final Linux linux;
  private final Duration deadline;

  /**
   * @param files the tree that paths are in
   * @param deadline for each write and each program
   */
  LinuxControl(HostFiles files, Linux linux, Duration deadline) {
    this.files = files;
    this.linux = linux;
    this.deadline = deadline;
  }

  @Override
  public void write(String path, String value) {
    Write write = new Write(path, value);
    Thread thread = new Thread(write, "sysfs-write");
    thread.setDaemon(true);
    thread.start();
    try {
      uninterrupted(() -> write.done.get(deadline.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      throw new BlockedException(
          "the kernel is still busy with \""
              + value.strip()
              + "\" written to "
              + path
              + " after "
              + seconds()
              + write.where());
    }
  }

  private String seconds() {
    return BigDecimal.valueOf(deadline.toMillis(), 3).stripTrailingZeros().toPlainString() + " s";
  }

  /** One write(2) in a thread of its own. */
  private final class Write implements Runnable {
    final CompletableFuture<Void> done = new CompletableFuture<>();
    private final String path;
    private final String value;
    private volatile int thread;

    Write(String path, String value) {
      this.path = path;
      this.value = value;
    }

    @Override
    public void run() {
      thread = linux.syscalls().gettid();
      try (Fd fd = linux.open(files.path(path).toString(), Linux.O_WRONLY)) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        UnsafeBuffer memory = NativeMemory.allocate(bytes.length);
        memory.putBytes(0, bytes);
        long result = linux.syscalls().write(fd.number(), memory.addressOffset(), bytes.length);
        Linux.check(result, "write \"" + value.strip() + "\" to", path);
        done.complete(null);
      } catch (RuntimeException e) {
        done.completeExceptionally(e);
      }
    }

    /** The function of the kernel that the thread sleeps in (proc(5), wchan). */
    String where() {
      return HostFiles.system()
          .text("/proc/self/task/" + thread + "/wchan")
          .filter(function -> !function.equals("0"))
          .map(function -> ", in " + function)
          .orElse("");
    }
  }

  @Override
  public boolean mayWrite(String path) {
    return Files.isWritable(files.path(path));
  }

  @Override
  public Outcome run(List<String> command) {
    String name = command.get(0);
    try {
      Path output = Files.createTempFile("javelin-", ".log");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        end(process, name);
        return new Outcome(process.exitValue(), Files.readString(output).strip());
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new BindingException("cannot run " + name + ": " + e.getMessage(), e);
    }
  }

  private void end(Process process, String name) {
    try {
      uninterrupted(() -> process.onExit().get(deadline.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException e) {
      process.destroyForcibly();
      throw new BlockedException(name + " has not ended after " + seconds());
    }
  }

  /** Something to wait for, as {@link CompletableFuture#get(long, TimeUnit)} waits. */
  private interface Wait {
    void run() throws Exception;
  }

  /** Half a binding helps nobody: an interrupt is kept for later, the wait is bounded anyway. */
  private static void uninterrupted(Wait wait) throws TimeoutException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          wait.run();
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (TimeoutException e) {
          throw e;
        } catch (Exception e) {
          throw e.getCause() instanceof RuntimeException cause
              ? cause
              : new CompletionException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
