package javelin.perf.exits;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.HostTool;
import javelin.perf.guest.CaseSamples;
import javelin.perf.guest.SampleText;

/**
 * The guest on the C program {@code exits.c}, compiled anew: byte for byte what Javelin would
 * start.
 */
final class CSide implements ExitsSide, AutoCloseable {
  static final String NAME = "C";

  private static final String SOURCE = "exits.c";
  private static final String PROGRAM = "exits";
  private static final Duration COMPILE_LIMIT = Duration.ofMinutes(2);

  private final Scratch scratch;
  private final ExitsGuest.Plan plan;
  private final int tscKhz;

  private CSide(Scratch scratch, ExitsGuest.Plan plan, int tscKhz) {
    this.scratch = scratch;
    this.plan = plan;
    this.tscKhz = tscKhz;
  }

  /**
   * Compiles the program and prepares the guest.
   *
   * @param compiler the compiler's command, such as {@code cc}
   * @param plan of every run
   * @return empty where there is no such compiler
   * @throws javelin.boot.cli.CommandException where it does not compile the program
   * @throws javelin.vmm.kvm.KvmException where KVM cannot be used
   */
  static Optional<CSide> prepare(String compiler, ExitsGuest.Plan plan)
      throws IOException, InterruptedException {
    Scratch scratch = new Scratch();
    boolean done = false;
    try {
      if (!compile(compiler, scratch, plan)) {
        return Optional.empty();
      }
      int tscKhz = GuestSnapshot.write(scratch, plan);
      done = true;
      return Optional.of(new CSide(scratch, plan, tscKhz));
    } finally {
      if (!done) {
        scratch.close();
      }
    }
  }

  /** Compiles the program; returns whether the compiler is there. */
  static boolean compile(String compiler, Scratch scratch, ExitsGuest.Plan plan)
      throws IOException, InterruptedException {
    try (InputStream source = CSide.class.getResourceAsStream(SOURCE)) {
      Files.copy(source, scratch.file(SOURCE));
    }
    Files.writeString(scratch.file("layout.h"), CLayout.header(plan.count()));
    List<String> command = List.of(compiler, "-O2", "-pthread", "-o", PROGRAM, SOURCE);
    if (!isThere(compiler)) {
      return false;
    }
    new HostProcess(compiler, scratch.path(), command, COMPILE_LIMIT).run(line -> {}, 0);
    return true;
  }

  private static boolean isThere(String compiler) {
    return HostTool.find(compiler).isPresent();
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public SideRun run(ExitsGuest.Plan of) throws IOException, InterruptedException {
    if (!of.equals(plan)) {
      throw new IllegalArgumentException("the C program was made for " + plan);
    }
    SampleText text = JavelinSide.text(plan);
    Path folder = scratch.path();
    List<String> command = List.of(scratch.file(PROGRAM).toString(), folder.toString());
    new HostProcess("the C program", folder, command, JavelinSide.LIMIT)
        .run(text, JavelinSide.GOOD_END);
    return sorted(text, tscKhz);
  }

  /** Takes the program's own figures out of the guest's. */
  static SideRun sorted(SampleText text, int tscKhz) {
    SideRun run = SideRun.ofGuestOnly(text, tscKhz);
    for (ExitCase of : ExitCase.values()) {
      CaseSamples samples = text.find(of.id());
      if (samples == null) {
        continue;
      }
      if (of.isTimedOutside()) {
        run.outside().put(of, samples.ticks());
      }
      Long exits = samples.counts().get(Tally.USER_EXITS.id());
      if (exits != null) {
        run.tallies().put(of, new EnumMap<>(Map.of(Tally.USER_EXITS, exits)));
      }
    }
    return run;
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
