package javelin.perf.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.cli.CommandErrors;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.result.OutcomeJson;
import javelin.perf.result.Unit;
import javelin.perf.result.page.ReportPage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

class BenchCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  /** What a bench of these tests does. */
  private interface Measuring {
    void with(BenchRun run) throws Exception;
  }

  private int run(Measuring measuring, String... arguments) {
    Bench bench =
        new Bench() {
          @Override
          public String name() {
            return "test";
          }

          @Override
          public CommandSpec spec() {
            return CommandSpec.create().name("test");
          }

          @Override
          public void measure(ParseResult parsed, BenchRun run) throws Exception {
            measuring.with(run);
          }
        };
    BenchCommand command = new BenchCommand(bench);
    CommandLine line =
        new CommandLine(command.spec())
            .setOut(new PrintWriter(out, true))
            .setExecutionStrategy(
                parsed -> {
                  try {
                    return command.run(parsed);
                  } catch (Exception e) {
                    throw new CommandLine.ExecutionException(
                        parsed.commandSpec().commandLine(), e.getMessage(), e);
                  }
                });
    return CommandErrors.handledBy(line, new PrintWriter(err, true)).execute(arguments);
  }

  private static void addOne(BenchRun run) {
    run.outcome().series("port write", "Javelin", Unit.NANOSECONDS).add(1000, 2000);
  }

  @Test
  void shouldWriteTheSameOutcomeInEachForm(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("result.json");
    int code =
        run(
            BenchCommandTest::addOne,
            "--json",
            json.toString(),
            "--hgrm",
            folder.resolve("hgrm").toString(),
            "--report",
            folder.resolve("report").toString());

    assertThat(code).isZero();
    assertThat(out.toString()).contains("port write", "Machine: ", "Emulated: ", "Kernel: ");
    var read = OutcomeJson.read(Files.readString(json));
    assertThat(read.series()).singleElement().satisfies(s -> assertThat(s.n()).isEqualTo(2));
    assertThat(read.arguments()).contains("--json");
    assertThat(Files.readString(folder.resolve("report/index.html")))
        .isEqualTo(ReportPage.of(read));
    assertThat(folder.resolve("hgrm/test-port-write-Javelin-ns.hgrm")).exists();
  }

  @Test
  void shouldShowWhatWasMeasuredWhenTheUserEndsIt() {
    int code =
        run(
            run -> {
              addOne(run);
              run.stop();
              assertThat(run.isStopped()).isTrue();
            });

    assertThat(code).isEqualTo(ExitCode.ofSignal(2));
    assertThat(out.toString()).contains("port write", "Interrupted: ");
  }

  @Test
  void shouldCallStoppersOnceTheUserEndsIt() {
    StringBuilder called = new StringBuilder();
    run(
        run -> {
          run.whenStopped(() -> called.append("closed ")).close();
          BenchRun.Stopping open = run.whenStopped(() -> called.append("open "));
          run.stop();
          open.close();
          run.whenStopped(() -> called.append("late")).close();
        });

    assertThat(called.toString()).isEqualTo("open late");
  }

  @Test
  void shouldShowWhatWasMeasuredBeforeAnError() {
    int code =
        run(
            run -> {
              addOne(run);
              throw new CommandException(ExitCode.START_ERROR, "the second part fails");
            });

    assertThat(code).isEqualTo(ExitCode.START_ERROR);
    assertThat(out.toString()).contains("port write");
    assertThat(err.toString()).contains("javelin: the second part fails");
  }

  @Test
  void shouldFailWhereNothingCouldBeMeasured() {
    int code = run(run -> run.outcome().gap("all of it", "there is no KVM"));

    assertThat(code).isEqualTo(ExitCode.START_ERROR);
    assertThat(out.toString()).contains("Not measured: all of it: there is no KVM");
  }

  @Test
  void shouldRefuseAPlaceThatCannotBeWrittenBeforeItMeasures(@TempDir Path folder) {
    int code =
        run(
            run -> {
              throw new AssertionError("measured");
            },
            "--json",
            folder.resolve("none/result.json").toString());

    assertThat(code).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("--json").contains("no file can be written there");
  }
}
