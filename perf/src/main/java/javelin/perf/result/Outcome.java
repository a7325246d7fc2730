package javelin.perf.result;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that one run of a bench has found so far. For one thread.
 *
 * <p>Series without samples are not shown: whoever cannot measure something adds a {@link Gap}.
 */
public final class Outcome {
  private final String bench;
  private final List<String> arguments;
  private final Instant started;
  private final Map<String, String> conditions = new LinkedHashMap<>();
  private final Map<List<String>, Series> series = new LinkedHashMap<>();
  private final List<Ratio> ratios = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private boolean interrupted;

  /**
   * An outcome without figures.
   *
   * @param bench which bench: {@code exits}
   * @param arguments what it was called with
   */
  public Outcome(String bench, List<String> arguments, Instant started) {
    this.bench = bench;
    this.arguments = List.copyOf(arguments);
    this.started = started;
  }

  /** The series of a case on a side, made where it is not there yet. */
  public Series series(String name, String side, Unit unit) {
    return series.computeIfAbsent(List.of(name, side), key -> new Series(name, side, unit, false));
  }

  /** As above, of samples taken against a schedule. */
  public Series scheduled(String name, String side, Unit unit) {
    return series.computeIfAbsent(List.of(name, side), key -> new Series(name, side, unit, true));
  }

  /** Takes a series over. */
  void add(Series whole) {
    series.put(List.of(whole.name(), whole.side()), whole);
  }

  /** States something about the machine or the run that the figures depend on. */
  public Outcome condition(String what, String value) {
    conditions.put(what, value);
    return this;
  }

  /** Has two sides compared wherever both have a case. */
  public Outcome ratio(String side, String base) {
    Ratio ratio = new Ratio(side, base);
    if (!ratios.contains(ratio)) {
      ratios.add(ratio);
    }
    return this;
  }

  /** Tells of something that was not measured; the same thing once only. */
  public Outcome gap(String what, String why) {
    Gap gap = new Gap(what, why);
    if (!gaps.contains(gap)) {
      gaps.add(gap);
    }
    return this;
  }

  /** The run ended before its time: the user wanted it so. */
  public Outcome interrupted(boolean was) {
    interrupted = was;
    return this;
  }

  /** Which bench. */
  public String bench() {
    return bench;
  }

  /** What it was called with. */
  public List<String> arguments() {
    return arguments;
  }

  /** When it began. */
  public Instant started() {
    return started;
  }

  /** Whether it ended before its time. */
  public boolean isInterrupted() {
    return interrupted;
  }

  /** What the figures depend on, in the order in which it was stated. */
  public Map<String, String> conditions() {
    return Collections.unmodifiableMap(conditions);
  }

  /** The series that have samples: cases in the order of their first appearance, so sides. */
  public List<Series> series() {
    return cases().stream().flatMap(name -> of(name).stream()).toList();
  }

  /** The cases with samples, in the order of their first appearance. */
  public List<String> cases() {
    return series.values().stream().filter(s -> s.n() > 0).map(Series::name).distinct().toList();
  }

  /** The series with samples of one case. */
  public List<Series> of(String name) {
    return series.values().stream().filter(s -> s.name().equals(name) && s.n() > 0).toList();
  }

  /** The series of a case on a side, if it has samples. */
  public Optional<Series> find(String name, String side) {
    return Optional.ofNullable(series.get(List.of(name, side))).filter(s -> s.n() > 0);
  }

  /** Which sides are to be compared. */
  public List<Ratio> ratios() {
    return List.copyOf(ratios);
  }

  /** What was not measured. */
  public List<Gap> gaps() {
    return List.copyOf(gaps);
  }
}
