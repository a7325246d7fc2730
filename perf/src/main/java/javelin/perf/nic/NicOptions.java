package javelin.perf.nic;

import java.time.Duration;
import java.util.List;
import javelin.boot.machine.Units;
import javelin.perf.bench.BenchOptions;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The options for measuring a network card. */
public final class NicOptions {
  static final String WIRE = "--wire";

  private static final String KERNEL = "--kernel";
  private static final String TIME = "--time";
  private static final String WARM_UP = "--warm-up";
  private static final String CPU = "--cpu";
  private static final String LIMIT = "--limit";

  private final ParseResult arguments;
  private final Duration time;
  private final Duration warmUp;
  private final Duration limit;

  /**
   * Those that the user gave.
   *
   * @throws javelin.boot.cli.CommandException where a time is none
   */
  public NicOptions(ParseResult arguments) {
    this.arguments = arguments;
    time = BenchOptions.parsed(arguments, TIME, Units::parseTime);
    warmUp = BenchOptions.parsed(arguments, WARM_UP, Units::parseTime);
    limit = BenchOptions.parsed(arguments, LIMIT, Units::parseTime);
  }

  /** Makes them known. */
  public static void addTo(CommandSpec spec) {
    List.of(
            BenchOptions.text(
                WIRE,
                "INTERFACE",
                null,
                "For a network card: the host's interface at the other end of its cable, or behind"
                    + " a switch. It is in a network of its own meanwhile, and comes back without"
                    + " addresses."),
            BenchOptions.text(
                KERNEL, "FILE", null, "Its guest's bzImage, as the lab's or /boot's newest."),
            BenchOptions.text(TIME, "TIME", "2s", "How long each TCP exchange is measured"),
            BenchOptions.text(WARM_UP, "TIME", "1s", "How long what comes before is not"),
            BenchOptions.text(CPU, "SWITCHES", "", "CPU features, as in -kvm-pv-eoi."),
            BenchOptions.text(LIMIT, "TIME", "5m", "The longest one boot with its TCP may take"))
        .forEach(spec::addOption);
  }

  /** Null where there is none. */
  public String wire() {
    return value(WIRE);
  }

  String kernel() {
    return value(KERNEL);
  }

  String features() {
    return value(CPU);
  }

  Duration time() {
    return time;
  }

  Duration warmUp() {
    return warmUp;
  }

  Duration limit() {
    return limit;
  }

  private String value(String name) {
    return arguments.commandSpec().findOption(name).getValue();
  }
}
