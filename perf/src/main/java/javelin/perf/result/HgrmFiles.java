package javelin.perf.result;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * The percentile distribution of each series, as HdrHistogram's plotters read it: a file of its own
 * for each, named after bench, case, side and unit.
 */
public final class HgrmFiles {
  private static final int TICKS_PER_HALF_DISTANCE = 5;

  private HgrmFiles() {}

  /** Writes the files into {@code folder}, which is made where it is not there. */
  public static void write(Outcome outcome, Path folder) throws IOException {
    Files.createDirectories(folder);
    Set<String> taken = new HashSet<>();
    for (Series series : outcome.series()) {
      String name = fileName(outcome.bench(), series);
      String unique = name;
      for (int i = 2; !taken.add(unique); i++) {
        unique = name + "-" + i;
      }
      try (PrintStream out =
          new PrintStream(
              Files.newOutputStream(folder.resolve(unique + ".hgrm")),
              false,
              StandardCharsets.UTF_8)) {
        series.histogram().outputPercentileDistribution(out, TICKS_PER_HALF_DISTANCE, 1.0);
        if (out.checkError()) {
          throw new IOException("writing " + folder.resolve(unique + ".hgrm") + " failed");
        }
      }
    }
  }

  private static String fileName(String bench, Series series) {
    String unit = series.unit().symbol().replace("/", " per ");
    return String.join(" ", bench, series.name(), series.side(), unit)
        .replaceAll("[^A-Za-z0-9.]+", "-");
  }
}
