package javelin.vmm.memory;

import static javelin.vmm.linux.Linux.MADV_POPULATE_WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Linux;

/** Makes memory of this process present before it is used, in pieces, by several threads. */
public final class Prefault {
  private static final long PIECE = 256L << 20;
  private static final int MAX_THREADS = 8;

  private final Linux linux;
  private final List<Callable<Integer>> pieces = new ArrayList<>();
  private long bytes;

  /** Of no memory yet. */
  public Prefault(Linux linux) {
    this.linux = linux;
  }

  /** As many threads as are of use on this host: clearing pages is limited by memory soon. */
  public static int threads() {
    return Math.min(Runtime.getRuntime().availableProcessors(), MAX_THREADS);
  }

  /**
   * Adds memory.
   *
   * @param address process address, page-aligned
   * @param length bytes, a multiple of the page size
   */
  public Prefault add(long address, long length) {
    for (long start = 0; start < length; start += PIECE) {
      long from = address + start;
      long size = Math.min(PIECE, length - start);
      pieces.add(() -> linux.syscalls().madvise(from, size, MADV_POPULATE_WRITE));
    }
    bytes += length;
    return this;
  }

  /**
   * Makes all of it present. Kernels before 5.14 do not know how; nothing happens on them, and the
   * memory becomes present as it is touched.
   *
   * @param threads how many work at a time, each on a piece of 256 MiB
   * @param progress told in a line how far it is, once a second, where it takes longer than that
   * @throws RamException where the host has not that much memory
   */
  public void run(int threads, Consumer<String> progress) {
    ExecutorService pool = Executors.newFixedThreadPool(Math.min(threads, pieces.size()));
    try {
      List<Future<Integer>> running = pieces.stream().map(pool::submit).toList();
      for (int i = 0; i < running.size(); i++) {
        int result = await(running, i, progress);
        if (result < 0 && !Errno.EINVAL.is(result)) {
          throw new RamException(
              String.format(
                  "Guest RAM of %d MiB cannot be made present: %s; give the guest less memory",
                  bytes >> 20, Errno.describe(-result)));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RamException("Making guest RAM present was interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      pool.shutdown();
    }
  }

  /** The result of a piece, which is waited for with progress. */
  private int await(List<Future<Integer>> running, int index, Consumer<String> progress)
      throws InterruptedException, ExecutionException {
    while (true) {
      try {
        return running.get(index).get(1, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        long done = running.stream().filter(Future::isDone).count() * PIECE;
        progress.accept(
            String.format("making guest RAM present: %d of %d MiB", done >> 20, bytes >> 20));
      }
    }
  }
}
