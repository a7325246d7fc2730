package javelin.boot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javelin.boot.machine.GuestBalloon;

/** What can be told a running guest's Javelin through its {@link ControlSocket}. */
final class ControlCommands implements ControlSocket.Commands {
  /** The commands with what they do, for help. */
  static final List<String> HELP =
      List.of(
          "balloon       shows the balloon's size and the guest's memory",
          "balloon SIZE  has the guest give this much back in all, such as 256M",
          "stats         shows statistics",
          "power         presses the guest's power button",
          "stop          stops the guest",
          "help          shows these commands");

  private static final long PATIENCE_MILLIS = 1_000;

  private final StopSignals.Target target;
  private final Optional<GuestBalloon> balloon;
  private final Supplier<List<String>> statistics;

  /**
   * @param target what power and stop act on
   * @param balloon the guest's, where it has one
   * @param statistics the table of exits
   */
  ControlCommands(
      StopSignals.Target target,
      Optional<GuestBalloon> balloon,
      Supplier<List<String>> statistics) {
    this.target = target;
    this.balloon = balloon;
    this.statistics = statistics;
  }

  @Override
  public List<String> run(List<String> words) {
    boolean isBalloon = words.get(0).equals("balloon");
    if (words.size() > (isBalloon ? 2 : 1)) {
      throw new IllegalArgumentException("too many words for " + words.get(0));
    }
    return switch (words.get(0)) {
      case "balloon" -> words.size() == 1 ? balloonReport() : resize(words.get(1));
      case "stats" -> statistics();
      case "power" -> press();
      case "stop" -> stop();
      case "help" -> HELP;
      default ->
          throw new IllegalArgumentException(
              "\"" + words.get(0) + "\" is no command; help shows them");
    };
  }

  private GuestBalloon balloon() {
    return balloon.orElseThrow(
        () -> new IllegalArgumentException("the guest has no balloon; run it with --balloon"));
  }

  private List<String> statistics() {
    List<String> lines = new ArrayList<>(statistics.get());
    if (balloon.isPresent()) {
      lines.addAll(balloonReport());
    }
    return lines;
  }

  private List<String> balloonReport() {
    try {
      return balloon().newReport(PATIENCE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalArgumentException("interrupted while the guest was asked", e);
    }
  }

  private List<String> resize(String size) {
    balloon().resize(size);
    return List.of();
  }

  private List<String> press() {
    if (!target.pressPowerButton()) {
      throw new IllegalArgumentException("the guest does not listen to its power button");
    }
    return List.of();
  }

  private List<String> stop() {
    target.stop("the control socket");
    return List.of();
  }
}
