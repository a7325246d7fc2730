package javelin.perf.assign;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.HostDevices;
import javelin.boot.guest.bench.AssignCase;
import javelin.boot.guest.bench.AssignPlan;
import javelin.boot.host.HostCheck;
import javelin.boot.machine.MachineConfig;
import javelin.perf.bench.BenchRun;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/**
 * The sides in turn, round by round. In each round the device is taken once, for all sides that
 * assign it, and given back before the virtio side. A side that fails loses only itself.
 */
final class AssignRounds {
  private static final int WARM_UP_PART = 10;
  private static final int LEAST_WARM_UP = 8;

  private final BenchRun run;
  private final boolean force;
  private final Linux linux = Linux.system();
  private final Consumer<String> say;

  /** Names of sides that are not tried again. */
  private final Set<String> failed = new HashSet<>();

  /**
   * Rounds of a run.
   *
   * @param force the device is taken also where the host uses it
   * @param say tells the user, a line each, what is done with the host's devices
   */
  AssignRounds(BenchRun run, boolean force, Consumer<String> say) {
    this.run = run;
    this.force = force;
    this.say = say;
  }

  /** Measures {@code count} operations of each case, in {@code rounds}. */
  void measure(List<Side> sides, int rounds, int count) throws InterruptedException {
    for (int round = 0; round < rounds && !run.isStopped(); round++) {
      int done = round * sides.size();
      int samples = count / rounds + (round < count % rounds ? 1 : 0);
      List<Side> assigned = sides.stream().filter(side -> !side.isVirtio()).toList();
      if (!assigned.isEmpty()) {
        measureHeld(assigned, samples, done, rounds * sides.size());
      }
      for (Side side : sides) {
        if (side.isVirtio()) {
          measureOne(side, samples, done + assigned.size(), rounds * sides.size());
        }
      }
    }
  }

  /** With the device away from the host. */
  @SuppressWarnings("try") // the devices are there to be given back
  private void measureHeld(List<Side> sides, int samples, int done, int all)
      throws InterruptedException {
    MachineConfig first = new DeviceGuest(linux, plan(sides.get(0), samples)).config(sides.get(0));
    try (HostDevices held = HostDevices.hold(first, force, linux, say)) {
      for (int i = 0; i < sides.size(); i++) {
        measureOne(sides.get(i), samples, done + i, all);
      }
    }
  }

  private static AssignPlan plan(Side side, int samples) {
    return new AssignPlan(
        AssignCase.of(side.kinds()), samples, Math.max(samples / WARM_UP_PART, LEAST_WARM_UP));
  }

  @SuppressWarnings("try") // what is called when the user wants an end is there to be closed
  private void measureOne(Side side, int samples, int done, int all) throws InterruptedException {
    if (run.isStopped() || failed.contains(side.name())) {
      return;
    }
    run.progress(done, all, side.name());
    AssignPlan plan = plan(side, samples);
    DeviceGuest guest = new DeviceGuest(linux, plan);
    try (BenchRun.Stopping stopping = run.whenStopped(guest::stop)) {
      MachineConfig config = guest.config(side);
      HostCheck.check(config, HostFiles.system());
      guest.run(config);
      new SideResult(run.outcome(), side).add(guest, plan);
      if (guest.failure() != null && !run.isStopped()) {
        fail(side, guest.failure());
      }
    } catch (CommandException e) {
      throw e;
    } catch (RuntimeException e) {
      fail(side, e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private void fail(Side side, String why) {
    failed.add(side.name());
    run.outcome().gap("side " + side.name(), why);
  }
}
