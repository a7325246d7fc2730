package javelin.perf.exits;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.QemuPeer;
import javelin.perf.result.Outcome;
import javelin.vmm.linux.Resources;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench exits}. */
public final class ExitsBench implements Bench {
  private static final String COUNT = "--count";
  private static final String ROUNDS = "--rounds";
  private static final String WARMUP = "--warmup";
  private static final int DEFAULT_COUNT = 12_000;
  private static final int DEFAULT_ROUNDS = 60;
  private static final int MOST = 10_000_000;
  private static final int MOST_PER_ROUND = 100_000;
  private static final int MOST_ROUNDS = 1000;

  /** Of the cases that are slow, a round has this part only. */
  private static final int SLOW_PART = 10;

  private static final int ROUND_WARMUP = 100;

  /** Enough operations of each kind for the JVM to have compiled the way of an exit. */
  private static final int DEFAULT_WARMUP = 20_000;

  private static final List<String> PEERS = List.of(QemuPeer.NAME);

  @Override
  public String name() {
    return "exits";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    List<String> description = new ArrayList<>();
    description.add(
        "Measures what it costs to leave a guest and to interrupt it: in the guest by the time stamp"
            + " counter, through Javelin and through a C program (compiled with cc, or $CC) that"
            + " runs the same guest, in turn.");
    description.add("");
    for (ExitCase of : ExitCase.values()) {
      description.add("  %-16s %s".formatted(of.id(), of.text()));
    }
    spec.usageMessage().description(description.toArray(String[]::new));
    spec.addOption(
        BenchOptions.count(COUNT, DEFAULT_COUNT, "Operations of each kind on each side"));
    spec.addOption(BenchOptions.count(ROUNDS, DEFAULT_ROUNDS, "Turns that they are split into"));
    spec.addOption(
        BenchOptions.count(
            WARMUP, DEFAULT_WARMUP, "Operations of each kind by which the JVM is warmed up first"));
    spec.addOption(BenchOptions.peers(PEERS));
    return spec;
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run) throws Exception {
    int rounds = BenchOptions.count(arguments, ROUNDS, MOST_ROUNDS);
    int count = BenchOptions.count(arguments, COUNT, MOST);
    List<String> peers = BenchOptions.peers(arguments, PEERS);
    int perRound = count / rounds;
    if (perRound < 1 || perRound > MOST_PER_ROUND) {
      throw new CommandException(
          ExitCode.USAGE,
          "--count %d in --rounds %d: each round needs 1 to %d operations"
              .formatted(count, rounds, MOST_PER_ROUND));
    }
    ExitsGuest.Plan plan =
        new ExitsGuest.Plan(ROUND_WARMUP, perRound, Math.max(1, perRound / SLOW_PART));
    describe(run.outcome());
    JavelinSide javelin = new JavelinSide();
    run.progress(0, 1, "warming the JVM up");
    int warmup = BenchOptions.count(arguments, WARMUP, MOST);
    SideRun warmUp = javelin.run(new ExitsGuest.Plan(warmup, 1, 1));
    if (!warmUp.hasKvmStatistics()) {
      run.outcome()
          .gap("exits and CPU wake-ups", "KVM has no binary statistics here; Linux 5.14 has them");
    }
    try (Resources owned = new Resources()) {
      List<ExitsSide> sides = new ArrayList<>();
      compiled(run.outcome(), plan).map(owned::own).ifPresent(sides::add);
      sides.add(javelin);
      if (peers.contains(QemuPeer.NAME)) {
        qemu(run.outcome(), warmUp.tscKhz()).map(owned::own).ifPresent(sides::add);
      }
      alternate(run, plan, rounds, sides);
    }
  }

  private static void describe(Outcome outcome) {
    outcome.ratio(JavelinSide.NAME, CSide.NAME);
    outcome.ratio(JavelinSide.NAME, QemuSide.NAME);
    outcome.condition(
        "Time",
        "by the guest's time stamp counter, host-... from outside; from CPU to CPU (ipi-...) it"
            + " holds the difference of their counters, which are taken for equal");
  }

  private static Optional<CSide> compiled(Outcome outcome, ExitsGuest.Plan plan)
      throws IOException, InterruptedException {
    String compiler = System.getenv().getOrDefault("CC", "cc");
    Optional<CSide> side = CSide.prepare(compiler, plan);
    if (side.isEmpty()) {
      outcome.gap(
          "all cases, C",
          "there is no %s: install one (Debian and Ubuntu: apt install gcc libc6-dev), or set CC"
              .formatted(compiler));
    }
    return side;
  }

  private static Optional<QemuSide> qemu(Outcome outcome, int tscKhz) throws IOException {
    if (!QemuPeer.isThere()) {
      outcome.gap(
          "all cases, QEMU", QemuPeer.PROGRAM + " is not there: apt install qemu-system-x86");
      return Optional.empty();
    }
    return Optional.of(new QemuSide(tscKhz));
  }

  /** Each round begins with another side, so that what comes first is no side's privilege. */
  private static void alternate(
      BenchRun run, ExitsGuest.Plan plan, int rounds, List<ExitsSide> sides)
      throws IOException, InterruptedException {
    ExitsRounds figures = new ExitsRounds(run.outcome(), plan);
    for (int round = 0; round < rounds && !run.isStopped(); round++) {
      for (int i = 0; i < sides.size(); i++) {
        ExitsSide side = sides.get((round + i) % sides.size());
        run.progress(round * sides.size() + i, rounds * sides.size(), side.name());
        try {
          figures.add(side.name(), side.run(plan));
        } catch (CommandException e) {
          if (!run.isStopped()) {
            throw e;
          }
          // The user's Ctrl-C has reached this side's process, too.
        }
      }
    }
  }
}
