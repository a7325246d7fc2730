package javelin.perf.boot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.machine.LaunchPhase;
import javelin.boot.machine.Units;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.GuestKernel;
import javelin.perf.bench.HostTool;
import javelin.perf.bench.JavelinLauncher;
import javelin.perf.bench.QemuPeer;
import javelin.perf.result.Outcome;
import javelin.perf.result.Unit;
import javelin.vmm.linux.Linux;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench boot}. */
public final class BootBench implements Bench {
  private static final long MEBIBYTES = 256;
  private static final long TINY_MEBIBYTES = 64;
  private static final long BYTES_PER_MEBIBYTE = 1 << 20;
  private static final long TINY_ADDRESS = 0x20_0000;
  private static final String APPEND = "console=ttyS0 panic=-1 quiet";
  private static final String ROUNDS = "--rounds";
  private static final String CPUS = "--cpus";
  private static final String GUESTS = "--guests";
  private static final String UNPACK = "--unpack";
  private static final List<String> PEERS = List.of(QemuPeer.NAME, "kvmtool");
  private static final int MOST = 100_000;

  private static final String TO_INIT = "process start to init";
  private static final String TO_END = "process start to end, guest of one instruction";

  @Override
  public String name() {
    return "boot";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Measures the way from the start of the process to a Linux guest's init, phase by"
                + " phase, with Javelin's class archive and without it, the memory beside the"
                + " guest's by then, and guests of one instruction: as processes, and many in one"
                + " JVM. Peers boot the same in turn. Needs a KVM that runs Linux; elsewhere:",
            "  javelin lab -- ./javelin bench boot");
    spec.addOption(
        BenchOptions.text(
            "--kernel", "FILE", null, "A bzImage (newest of the lab's kernels, or of /boot)."));
    spec.addOption(BenchOptions.count(ROUNDS, 5, "Boots of each"));
    spec.addOption(BenchOptions.count(CPUS, 1, "CPUs of the guest"));
    spec.addOption(BenchOptions.count(GUESTS, 1000, "Guests in one JVM, one after another"));
    spec.addOption(
        BenchOptions.text("--append", "TEXT", APPEND, "Its command line (${DEFAULT-VALUE})."));
    spec.addOption(BenchOptions.text("--limit", "TIME", "3m", "The longest one boot may take."));
    spec.addOption(
        OptionSpec.builder(UNPACK)
            .description("Javelin starts what is in the bzImage, as by its own --unpack.")
            .build());
    spec.addOption(BenchOptions.peers(PEERS));
    return spec;
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run) throws Exception {
    int rounds = BenchOptions.count(arguments, ROUNDS, MOST);
    int guests = BenchOptions.count(arguments, GUESTS, MOST);
    List<String> peers = BenchOptions.peers(arguments, PEERS);
    Duration limit = BenchOptions.parsed(arguments, "--limit", Units::parseTime);
    Path folder = Files.createTempDirectory("javelin-bench");
    Path tiny = folder.resolve("tiny");
    Path initrd = folder.resolve("initrd");
    try {
      // The code means the same in 32 bits, where PVH enters it.
      byte[] code = TinyGuests.debugExit(0);
      var segment =
          new GuestProgram.Segment(TINY_ADDRESS, code, code.length, GuestProgram.Access.CODE);
      Files.write(
          tiny, ElfWriter.write(new GuestProgram(TINY_ADDRESS, TINY_ADDRESS, List.of(segment))));
      new WarmGuests(Linux.system(), tiny, run).measure(guests);
      List<String> more = List.of("--boot", "linux");
      var one = new Contestant.Guest(tiny, null, "", TINY_MEBIBYTES, 1);
      List<Contestant> ends = contestants(one, peers, more, run.outcome());
      rounds(new BootTimer(null, limit), ends, TINY_MEBIBYTES, rounds, TO_END, run);
      linux(arguments, initrd, peers, rounds, limit, run);
    } finally {
      Files.deleteIfExists(tiny);
      Files.deleteIfExists(initrd);
      Files.deleteIfExists(folder);
    }
  }

  private static void linux(
      ParseResult arguments,
      Path initrd,
      List<String> peers,
      int rounds,
      Duration limit,
      BenchRun run)
      throws Exception {
    Outcome outcome = run.outcome();
    Optional<Path> kernel = GuestKernel.find(arguments.matchedOptionValue("--kernel", null));
    Optional<Path> busybox = HostTool.find("busybox");
    if (kernel.isEmpty() || busybox.isEmpty()) {
      outcome.gap(
          TO_INIT,
          kernel.isEmpty()
              ? GuestKernel.MISSING
              : "busybox is missing: apt install busybox-static");
      return;
    }
    InitGuest.write(initrd, busybox.get());
    boolean unpack = arguments.hasMatchedOption(UNPACK);
    String append = arguments.matchedOptionValue("--append", APPEND);
    int cpus = BenchOptions.count(arguments, CPUS, MOST);
    outcome.condition(
        "Guest",
        "%s%s, %d MiB, %d CPU, %s"
            .formatted(
                kernel.get().getFileName(),
                unpack ? ", unpacked for Javelin" : "",
                MEBIBYTES,
                cpus,
                append));
    var guest = new Contestant.Guest(kernel.get(), initrd, append, MEBIBYTES, cpus);
    List<String> more = unpack ? List.of(UNPACK) : List.of();
    List<Contestant> contestants = contestants(guest, peers, more, outcome);
    rounds(new BootTimer(InitGuest.LINE, limit), contestants, MEBIBYTES, rounds, TO_INIT, run);
  }

  private static void rounds(
      BootTimer timer,
      List<Contestant> contestants,
      long mebibytes,
      int rounds,
      String name,
      BenchRun run)
      throws IOException, InterruptedException {
    for (int i = 0; i < rounds * contestants.size() && !run.isStopped(); i++) {
      Contestant contestant = contestants.get(i % contestants.size());
      run.progress(i, rounds * contestants.size(), name + ", " + contestant.label());
      try {
        var boot = timer.run(contestant, mebibytes * BYTES_PER_MEBIBYTE);
        add(run.outcome(), name, contestant.label(), boot);
      } catch (CommandException e) {
        run.outcome().gap(name + ", " + contestant.label(), e.getMessage());
      }
    }
  }

  private static void add(Outcome outcome, String name, String side, BootTimer.Boot boot) {
    outcome.series(name, side, Unit.NANOSECONDS).add(boot.nanos());
    if (!name.equals(TO_INIT)) {
      return;
    }
    long before = 0;
    for (Map.Entry<String, Long> phase : boot.phases().entrySet()) {
      outcome
          .series("phase: " + phase.getKey(), side, Unit.NANOSECONDS)
          .add(phase.getValue() - before);
      before = phase.getValue();
    }
    if (boot.phases().containsKey(LaunchPhase.ENTRY.label())) {
      outcome.series("phase: guest, to init", side, Unit.NANOSECONDS).add(boot.nanos() - before);
    }
    boot.memory()
        .ifPresent(
            bytes ->
                outcome.series("memory beside the guest's, at init", side, Unit.BYTES).add(bytes));
  }

  private static List<Contestant> contestants(
      Contestant.Guest guest, List<String> peers, List<String> more, Outcome outcome) {
    String launcher = JavelinLauncher.require("boot");
    List<Contestant> all = new ArrayList<>();
    all.add(Contestant.javelin(launcher, guest, true, more));
    all.add(Contestant.javelin(launcher, guest, false, more));
    if (peers.contains(QemuPeer.NAME)) {
      if (QemuPeer.isThere()) {
        // The firmware of q35 knows no PVH ELF file without one more part; microvm's does.
        if (guest.initrd() != null) {
          all.add(Contestant.qemu("q35", guest));
        }
        all.add(Contestant.qemu("microvm", guest));
      } else {
        outcome.gap("QEMU", QemuPeer.PROGRAM + " is missing: apt install qemu-system-x86");
      }
    }
    if (peers.contains("kvmtool")) {
      kvmtool(guest, all, outcome);
    }
    all.stream().skip(1).forEach(other -> outcome.ratio(Contestant.JAVELIN, other.label()));
    return all;
  }

  private static void kvmtool(Contestant.Guest guest, List<Contestant> all, Outcome outcome) {
    Optional<Path> program = HostTool.find("lkvm");
    if (program.isEmpty()) {
      outcome.gap("kvmtool", "lkvm is missing: build it from its sources, and put it into PATH");
    } else if (guest.initrd() == null) {
      outcome.gap(TO_END + ", kvmtool", "kvmtool starts bzImages only");
    } else {
      all.add(Contestant.kvmtool(program.get().toString(), guest));
    }
  }
}
