package javelin.boot.host;

import java.util.List;

/**
 * Facts that belong together.
 *
 * @param title the heading
 * @param facts in the order in which they are shown
 */
public record Section(String title, List<Fact> facts) {
  /** Keeps a copy of the list. */
  public Section {
    facts = List.copyOf(facts);
  }

  /**
   * The fact called {@code name}.
   *
   * @throws IllegalArgumentException where there is none
   */
  public Fact fact(String name) {
    return facts.stream()
        .filter(fact -> fact.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no fact " + name + " in " + title));
  }
}
