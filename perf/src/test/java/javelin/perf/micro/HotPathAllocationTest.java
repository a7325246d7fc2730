package javelin.perf.micro;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import javelin.vmm.kvm.KvmAvailable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The hot paths allocate nothing: JMH's own count of heap bytes, of all threads, over a fixed
 * number of calls. Times play no part. The JVM of the tests has no C2 compiler, which could hide an
 * allocation that does not escape.
 */
@Timeout(300)
class HotPathAllocationTest {
  private static final int CALLS = 50_000;

  /** Calls of a benchmark that is a batch of 10,000 exits itself. */
  private static final int BATCHES = 4;

  /** One object each 32 calls, if it is the smallest: what JMH itself allocates stays below. */
  private static final double NOTHING = 0.5;

  @BeforeAll
  static void leaveOtherRunsOfTheBenchmarksAlone() {
    System.setProperty("jmh.ignoreLock", "true");
  }

  /** Bytes for each operation, by benchmark and parameters: those of its best iteration. */
  private static Map<String, Double> measure(int calls, String... patterns) throws RunnerException {
    OptionsBuilder options = new OptionsBuilder();
    for (String pattern : patterns) {
      options.include(HotPathAllocationTest.class.getPackageName() + "." + pattern);
    }
    options.param("ranges", "16").param("mebibytes", "512").param("buffers", "4");
    options
        .forks(0)
        .mode(Mode.SingleShotTime)
        .warmupIterations(1)
        .warmupBatchSize(calls)
        .measurementIterations(2)
        .measurementBatchSize(calls)
        .timeout(TimeValue.seconds(120))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .addProfiler(GCProfiler.class);
    return bytes(options.build(), calls);
  }

  private static Map<String, Double> bytes(Options options, int calls) throws RunnerException {
    Map<String, Double> bytes = new TreeMap<>();
    for (RunResult run : new Runner(options).run()) {
      StringBuilder name = new StringBuilder(run.getParams().getBenchmark());
      run.getParams()
          .getParamsKeys()
          .forEach(key -> name.append(' ').append(run.getParams().getParam(key)));
      for (BenchmarkResult benchmark : run.getBenchmarkResults()) {
        for (IterationResult iteration : benchmark.getIterationResults()) {
          double each =
              iteration.getSecondaryResults().get("gc.alloc.rate.norm").getScore() / calls;
          bytes.merge(name.toString(), each, Math::min);
        }
      }
    }
    return bytes;
  }

  private static void expectNothing(Map<String, Double> bytes) {
    assertThat(bytes).allSatisfy((name, each) -> assertThat(each).as(name).isLessThan(NOTHING));
  }

  @Test
  void shouldAllocateNothingOnTheWayToHandlersAndMemory() throws RunnerException {
    Map<String, Double> bytes =
        measure(CALLS, "IoSpaceBenchmark", "GuestMemoryBenchmark", "HistogramBenchmark");
    assertThat(bytes).hasSize(10);
    expectNothing(bytes);
  }

  @Test
  void shouldAllocateNothingForAccessesToConfigurationSpaces() throws RunnerException {
    Map<String, Double> bytes =
        measure(CALLS, "ConfigSpaceBenchmark", "AssignedConfigBenchmark.read");
    assertThat(bytes).hasSize(5);
    expectNothing(bytes);
  }

  @Test
  void shouldAllocateNothingForCallsOfTheDataPlane() throws RunnerException {
    Map<String, Double> bytes = measure(CALLS, "NativeCallBenchmark.seam");
    assertThat(bytes).hasSize(2);
    expectNothing(bytes);
  }

  @Test
  void shouldAllocateNothingForRequestsInQueues() throws RunnerException {
    Map<String, Double> bytes = measure(CALLS, "VirtqueueBenchmark", "BlkBenchmark");
    assertThat(bytes).hasSize(6);
    expectNothing(bytes);
  }

  @Test
  @Tag("kvm")
  void shouldAllocateNothingFromExitToExit() throws RunnerException {
    KvmAvailable.assumeKvm();
    Map<String, Double> bytes = measure(BATCHES, "ExitLoopBenchmark");
    assertThat(bytes).isNotEmpty();
    expectNothing(bytes);
  }

  /** What does allocate is seen to: a change of routes makes its table anew. */
  @Test
  void shouldSeeAllocationsWhereThereAreSome() throws RunnerException {
    assertThat(measure(1_000, "GsiRoutesBenchmark"))
        .hasSize(3)
        .allSatisfy((name, each) -> assertThat(each).as(name).isGreaterThan(16));
  }
}
