package javelin.perf.micro;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.SingleWriterRecorder;
import org.openjdk.jmh.annotations.Benchmark;

/** What it costs to time an exit ({@code --stats}): the clock, and the record of it. */
public class HistogramBenchmark extends MicroBenchmark {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int DIGITS = 3;
  private static final int SPREAD = 0xffff;

  private final SingleWriterRecorder recorder = new SingleWriterRecorder(1, LONGEST_NANOS, DIGITS);
  private long value;

  /** A value, different from the last one. */
  @Benchmark
  public void record() {
    value = value * 5 + 1 & SPREAD;
    recorder.recordValue(value + 1);
  }

  /** Two readings of the clock and the time between them. */
  @Benchmark
  public void timeAndRecord() {
    long start = System.nanoTime();
    recorder.recordValue(Math.min(Math.max(System.nanoTime() - start, 1), LONGEST_NANOS));
  }
}
