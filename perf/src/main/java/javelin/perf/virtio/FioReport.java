package javelin.perf.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javelin.passthrough.json.JsonReader;
import javelin.perf.linux.Work.Done;
import javelin.perf.result.Series;
import org.HdrHistogram.Histogram;

/**
 * fio's report in its format json+, which has the time of every operation, in bins of a width below
 * 2 %.
 */
final class FioReport {
  private FioReport() {}

  /** What a job did. */
  record JobDone(FioJob job, Done done) {}

  /**
   * Those of {@code jobs} that are in the report.
   *
   * @throws IllegalArgumentException where it is none, or a job has failed
   */
  static List<JobDone> parse(String report, List<FioJob> jobs) {
    List<JobDone> done = new ArrayList<>();
    // What fio complains of stands before.
    Map<String, Object> root =
        JsonReader.object(report.substring(Math.max(report.indexOf('{'), 0)));
    for (Object item : list(root.get("jobs"))) {
      Map<?, ?> result = map(item);
      for (FioJob job : jobs) {
        if (job.name().equals(result.get("jobname"))) {
          done.add(new JobDone(job, done(job, result)));
        }
      }
    }
    return done;
  }

  private static Done done(FioJob job, Map<?, ?> result) {
    long error = number(result, "error");
    if (error != 0) {
      throw new IllegalArgumentException(
          "fio: %s ended with error %d".formatted(job.name(), error));
    }
    Map<?, ?> side = map(result.get(job.isWrite() ? "write" : "read"));
    Histogram times = new Histogram(Series.DIGITS);
    Map<?, ?> bins = map(map(side.get("lat_ns")).get("bins"));
    bins.forEach(
        (nanos, count) -> times.recordValueWithCount(Long.parseLong((String) nanos), (Long) count));
    return new Done(
        times,
        number(side, "total_ios"),
        number(side, "io_bytes"),
        TimeUnit.MILLISECONDS.toNanos(number(side, "runtime")));
  }

  private static long number(Map<?, ?> object, String name) {
    if (object.get(name) instanceof Long number) {
      return number;
    }
    throw new IllegalArgumentException("fio's report has no number " + name);
  }

  private static Map<?, ?> map(Object value) {
    if (value instanceof Map<?, ?> object) {
      return object;
    }
    throw new IllegalArgumentException("fio's report has another form than that of json+");
  }

  private static List<?> list(Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException("fio's report has another form than that of json+");
  }
}
