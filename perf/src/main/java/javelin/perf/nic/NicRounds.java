package javelin.perf.nic;

import java.io.IOException;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.perf.bench.BenchRun;
import javelin.perf.linux.GuestProcess;
import javelin.perf.linux.GuestSays;
import javelin.perf.linux.TcpEnd;
import javelin.perf.linux.TcpJob;
import javelin.vmm.linux.Linux;

/** The boots of all sides, in turn. A side that fails loses only itself. */
final class NicRounds {
  private final BenchRun run;
  private final NicOptions options;
  private final Nic nic;
  private final NicGuest guest;
  private final Wire wire;
  private final Consumer<String> say;

  /** Names of sides that are not tried again. */
  private final Set<String> failed = new HashSet<>();

  NicRounds(
      BenchRun run, NicOptions options, Nic nic, NicGuest guest, Wire wire, Consumer<String> say) {
    this.run = run;
    this.options = options;
    this.nic = nic;
    this.guest = guest;
    this.wire = wire;
    this.say = say;
  }

  /** Does all of them, or those until the user wants an end. */
  void measure(List<NicSide> sides, int rounds) throws InterruptedException {
    for (int i = 0; i < rounds * sides.size() && !run.isStopped(); i++) {
      NicSide side = sides.get(i % sides.size());
      if (failed.contains(side.name())) {
        continue;
      }
      run.progress(i, rounds * sides.size(), "TCP, " + side.name());
      try {
        boot(side);
      } catch (IOException | CommandException e) {
        if (!run.isStopped()) {
          failed.add(side.name());
          run.outcome().gap("TCP, " + side.name(), e.getMessage());
        }
      }
    }
  }

  private void boot(NicSide side) throws IOException, InterruptedException {
    try (TcpEnd end = wire.listen(options.warmUp(), options.time())) {
      if (!side.isVirtio()) {
        follow(side, end);
        return;
      }
      HostInterface netdev = HostInterface.awaitOn(nic.files(), nic.device());
      try (BridgedTap tap = new BridgedTap(netdev, Linux.system(), say)) {
        tap.call(
            () -> {
              follow(side, end);
              return null;
            });
      }
    }
  }

  @SuppressWarnings("try") // the stopping is there to be closed
  private void follow(NicSide side, TcpEnd end) throws IOException, InterruptedException {
    Set<TcpJob> left = EnumSet.allOf(TcpJob.class);
    // A process that was killed would not give the card back.
    GuestProcess process =
        new GuestProcess(
            side.name(), guest.command(side), GuestProcess.Ending.BY_ITSELF, end::stop);
    try (BenchRun.Stopping stopping = run.whenStopped(process::stop)) {
      process.run(options.limit(), said -> heard(said, side, end, process, left));
    }
    if (!left.isEmpty()) {
      throw new CommandException(
          ExitCode.START_ERROR,
          "the guest, with the modules %s, found no network interface"
              .formatted(String.join(" ", nic.modules())));
    }
  }

  private void heard(
      GuestSays said, NicSide side, TcpEnd end, GuestProcess process, Set<TcpJob> left)
      throws IOException {
    if (said.what().equals("failed")) {
      throw new IOException(said.rest());
    }
    if (said.what().equals("exchange")) {
      TcpJob job = TcpJob.of(said.rest());
      end.measure(job, process.pid(), side.name(), run.outcome());
      left.remove(job);
    }
  }
}
