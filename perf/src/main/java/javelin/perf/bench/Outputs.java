package javelin.perf.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.result.HgrmFiles;
import javelin.perf.result.Outcome;
import javelin.perf.result.OutcomeJson;
import javelin.perf.result.OutcomeTable;
import javelin.perf.result.page.ReportPage;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Where an outcome goes: the table always, files where the user wants them. */
final class Outputs {
  private static final String JSON = "--json";
  private static final String HGRM = "--hgrm";
  private static final String REPORT = "--report";

  private final ParseResult arguments;

  Outputs(ParseResult arguments) {
    this.arguments = arguments;
  }

  static void addOptions(CommandSpec spec) {
    spec.addOption(path(JSON, "FILE", "Writes the result to FILE, for programs and `compare`."));
    spec.addOption(path(HGRM, "DIR", "Writes each series to DIR, for HdrHistogram's plotters."));
    spec.addOption(path(REPORT, "DIR", "Writes a page with plots and tables to DIR/index.html."));
  }

  private static OptionSpec path(String name, String label, String description) {
    return OptionSpec.builder(name)
        .type(Path.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  /** Finds out, before anything is measured, whether the places can be written to. */
  void check() {
    Path json = arguments.matchedOptionValue(JSON, null);
    if (json != null) {
      Path folder = json.toAbsolutePath().getParent();
      if (!Files.isDirectory(folder) || !Files.isWritable(folder) || Files.isDirectory(json)) {
        throw new CommandException(
            ExitCode.USAGE, JSON + " " + json + ": no file can be written there");
      }
    }
    makeFolder(HGRM);
    makeFolder(REPORT);
  }

  private void makeFolder(String option) {
    Path folder = arguments.matchedOptionValue(option, null);
    if (folder != null) {
      write(option, folder, () -> Files.createDirectories(folder));
    }
  }

  void write(Outcome outcome, PrintWriter out) {
    OutcomeTable.lines(outcome).forEach(out::println);
    Path json = arguments.matchedOptionValue(JSON, null);
    if (json != null) {
      write(JSON, json, () -> Files.writeString(json, OutcomeJson.write(outcome)));
    }
    Path hgrm = arguments.matchedOptionValue(HGRM, null);
    if (hgrm != null) {
      write(HGRM, hgrm, () -> HgrmFiles.write(outcome, hgrm));
    }
    Path report = arguments.matchedOptionValue(REPORT, null);
    if (report != null) {
      Path page = report.resolve("index.html");
      write(REPORT, report, () -> Files.writeString(page, ReportPage.of(outcome)));
    }
  }

  private interface Writing {
    void run() throws IOException;
  }

  private static void write(String option, Path path, Writing writing) {
    try {
      writing.run();
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.START_ERROR, "%s %s cannot be written: %s".formatted(option, path, e));
    }
  }
}
