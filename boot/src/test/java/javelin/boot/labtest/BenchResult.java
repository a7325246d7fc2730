package javelin.boot.labtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.passthrough.json.JsonReader;

/** What {@code javelin bench --json} has written. */
final class BenchResult {
  private final Map<String, Object> result;

  BenchResult(Path file) throws IOException {
    result = JsonReader.object(Files.readString(file));
  }

  /** One case of one side; empty where it was not measured. */
  @SuppressWarnings("unchecked")
  Map<String, Object> series(String name, String side) {
    return ((List<Map<String, Object>>) result.get("series"))
        .stream()
            .filter(one -> one.get("case").equals(name) && one.get("side").equals(side))
            .findFirst()
            .orElse(Map.of());
  }

  /** What was counted beside it. */
  @SuppressWarnings("unchecked")
  static Map<String, Object> counter(Map<String, Object> series, String name) {
    return ((List<Map<String, Object>>) series.get("counters"))
        .stream().filter(counter -> counter.get("name").equals(name)).findFirst().orElseThrow();
  }
}
