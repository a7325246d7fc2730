package javelin.perf.virtio;

import java.util.List;
import javelin.perf.linux.Work;
import javelin.perf.result.Unit;

/**
 * One access pattern of fio's.
 *
 * @param name in its job file and its report
 * @param title for people
 * @param pattern its option {@code rw}
 * @param blockSize its option {@code bs}
 * @param depth requests in flight
 */
record FioJob(String name, String title, String pattern, String blockSize, int depth) {
  /** What disks are compared by. */
  static final List<FioJob> ALL =
      List.of(
          new FioJob("randread-1", "4 KiB random read, depth 1", "randread", "4k", 1),
          new FioJob("randwrite-1", "4 KiB random write, depth 1", "randwrite", "4k", 1),
          new FioJob("randread-32", "4 KiB random read, depth 32", "randread", "4k", 32),
          new FioJob("randwrite-32", "4 KiB random write, depth 32", "randwrite", "4k", 32),
          new FioJob("read-1m", "1 MiB sequential read, depth 1", "read", "1m", 1),
          new FioJob("write-1m", "1 MiB sequential write, depth 1", "write", "1m", 1));

  private static final String WARM_UP = "warm-up";

  /** What is measured of it. */
  Work work() {
    Unit manyInFlight = depth == 1 ? null : Unit.OPERATIONS_PER_SECOND;
    return new Work(title, isOfMebibytes() ? Unit.BYTES_PER_SECOND : manyInFlight);
  }

  /** Whether it is written. */
  boolean isWrite() {
    return pattern.endsWith("write");
  }

  /** Whether it is about bytes, not about operations. */
  boolean isOfMebibytes() {
    return blockSize.equals("1m");
  }

  /**
   * The job file: the jobs one after the other, on the guest's first disk, behind one whose figures
   * nobody reads. Each calls {@code /bench/mark} before and after.
   *
   * @param warmUpMillis of the first
   * @param millis of each
   */
  static String file(List<FioJob> jobs, long warmUpMillis, long millis) {
    StringBuilder text =
        new StringBuilder(
            """
            [global]
            filename=/dev/vda
            ioengine=libaio
            direct=1
            thread=1
            time_based=1
            norandommap=1
            randrepeat=1
            lat_percentiles=1
            clat_percentiles=0
            """);
    text.append(section(WARM_UP, "randrw", "4k", 32, warmUpMillis));
    for (FioJob job : jobs) {
      text.append(section(job.name, job.pattern, job.blockSize, job.depth, millis));
      // fio puts a redirection of its own behind the command.
      text.append("exec_prerun=/bench/mark ").append(job.name).append(" begin\n");
      text.append("exec_postrun=/bench/mark ").append(job.name).append(" end\n");
    }
    return text.toString();
  }

  private static String section(
      String name, String pattern, String blockSize, int depth, long millis) {
    return "\n[%s]\nstonewall\nrw=%s\nbs=%s\niodepth=%d\nruntime=%dms\n"
        .formatted(name, pattern, blockSize, depth, millis);
  }
}
