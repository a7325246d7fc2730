package javelin.perf.result;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DataFormatException;
import javelin.boot.host.Json;
import javelin.passthrough.json.JsonReader;
import org.HdrHistogram.Histogram;

/**
 * An {@link Outcome} for programs, and back from that. Values are in the series' unit; a percentile
 * that too few samples stand behind is null; {@code histogram} is HdrHistogram's V2 compressed
 * encoding in Base64.
 */
public final class OutcomeJson {
  private static final String FORMAT = "javelin-bench-1";

  private OutcomeJson() {}

  /** The text. */
  public static String write(Outcome outcome) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("format", FORMAT);
    json.put("bench", outcome.bench());
    json.put("arguments", outcome.arguments());
    json.put("started", outcome.started().toString());
    json.put("interrupted", outcome.isInterrupted());
    json.put("conditions", outcome.conditions());
    json.put("series", outcome.series().stream().map(OutcomeJson::series).toList());
    json.put(
        "ratios",
        outcome.ratios().stream()
            .map(ratio -> ordered("side", ratio.side(), "base", ratio.base()))
            .toList());
    json.put(
        "gaps",
        outcome.gaps().stream().map(gap -> ordered("what", gap.what(), "why", gap.why())).toList());
    return Json.of(json) + "\n";
  }

  private static Map<String, Object> ordered(Object... namesAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }

  private static Map<String, Object> series(Series series) {
    Map<String, Object> json =
        ordered(
            "case", series.name(),
            "side", series.side(),
            "unit", series.unit().symbol(),
            "n", series.n(),
            "scheduled", series.corrected());
    for (Percentile percentile : Percentile.values()) {
      Optional<Long> value = percentile.of(series);
      json.put(percentile.label(), value.isPresent() ? value.get() : null);
    }
    json.put("mean", series.histogram().getMean());
    json.put(
        "rounds",
        series.rounds().stream()
            .map(round -> ordered("n", round.n(), "p50", round.p50(), "p99", round.p99()))
            .toList());
    json.put(
        "counters",
        series.counters().stream()
            .map(c -> ordered("name", c.name(), "total", c.total(), "operations", c.operations()))
            .toList());
    json.put("histogram", encode(series.histogram()));
    return json;
  }

  private static String encode(Histogram histogram) {
    ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(buffer);
    return Base64.getEncoder().encodeToString(java.util.Arrays.copyOf(buffer.array(), length));
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws IllegalArgumentException saying what is wrong with the text
   */
  public static Outcome read(String text) {
    Map<String, Object> json = JsonReader.object(text);
    if (!FORMAT.equals(json.get("format"))) {
      throw new IllegalArgumentException("no result of javelin bench (format " + FORMAT + ")");
    }
    try {
      Outcome outcome =
          new Outcome(
              string(json, "bench"),
              list(json, "arguments").stream().map(String.class::cast).toList(),
              Instant.parse(string(json, "started")));
      outcome.interrupted((Boolean) json.get("interrupted"));
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) json.get("conditions")).entrySet()) {
        outcome.condition((String) entry.getKey(), (String) entry.getValue());
      }
      objects(json, "series").forEach(map -> outcome.add(series(map)));
      objects(json, "ratios")
          .forEach(map -> outcome.ratio(string(map, "side"), string(map, "base")));
      objects(json, "gaps").forEach(map -> outcome.gap(string(map, "what"), string(map, "why")));
      return outcome;
    } catch (ClassCastException | NullPointerException | DateTimeParseException e) {
      throw new IllegalArgumentException("a member is missing or of another kind: " + e, e);
    }
  }

  private static Series series(Map<String, Object> json) {
    Series series =
        new Series(
            string(json, "case"),
            string(json, "side"),
            Unit.of(string(json, "unit")),
            (Boolean) json.get("scheduled"),
            decode(string(json, "histogram")));
    objects(json, "rounds")
        .forEach(
            map ->
                series.addKept(
                    new Round(number(map, "n"), number(map, "p50"), number(map, "p99"))));
    objects(json, "counters")
        .forEach(
            map ->
                series.count(string(map, "name"), number(map, "total"), number(map, "operations")));
    return series;
  }

  private static Histogram decode(String text) {
    try {
      return Histogram.decodeFromCompressedByteBuffer(
          ByteBuffer.wrap(Base64.getDecoder().decode(text)), 0);
    } catch (DataFormatException | RuntimeException e) {
      throw new IllegalArgumentException("a histogram cannot be read: " + e.getMessage(), e);
    }
  }

  private static String string(Map<String, Object> json, String name) {
    return java.util.Objects.requireNonNull((String) json.get(name), name);
  }

  private static long number(Map<String, Object> json, String name) {
    return (Long) json.get(name);
  }

  private static List<?> list(Map<String, Object> json, String name) {
    return (List<?>) json.get(name);
  }

  @SuppressWarnings("unchecked") // JsonReader's objects have strings for keys
  private static List<Map<String, Object>> objects(Map<String, Object> json, String name) {
    return list(json, name).stream().map(item -> (Map<String, Object>) item).toList();
  }
}
