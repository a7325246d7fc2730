package javelin.perf.pauses;

import java.io.IOException;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.BenchRun;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench pauses}. */
public final class PauseBench implements Bench {
  private static final String COUNT = "--count";
  private static final int DEFAULT_COUNT = 1_000_000;
  private static final int MOST = 100_000_000;

  @Override
  public String name() {
    return "pauses";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Times requests of a virtio disk that does each at once, without a guest, while the JVM"
                + " has other things to do, and tells what the JVM says that it did meanwhile:"
                + " collections of garbage, stops of all threads, and compiled code that it gave"
                + " up.");
    spec.addOption(BenchOptions.count(COUNT, DEFAULT_COUNT, "Requests in each phase"));
    return spec;
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run) throws IOException {
    new PauseRun(BenchOptions.count(arguments, COUNT, MOST), run).measure();
  }
}
