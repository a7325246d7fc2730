package javelin.perf.assign;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.guest.bench.AssignBenchGuest;
import javelin.boot.guest.bench.AssignPlan;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.boot.machine.VirtioSpecs;
import javelin.perf.guest.SampleText;
import javelin.perf.guest.TscClock;
import javelin.vmm.kvm.KvmStats;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.agrona.CloseHelper;

/** One run of the measuring guest with a device: its samples, and what the host did meanwhile. */
final class DeviceGuest {
  private static final long RAM = 64L << 20;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private final Linux linux;
  private final AssignPlan plan;
  private final GuestText text;
  private final List<Counts> counts = new ArrayList<>();
  private volatile PcMachine machine;
  private List<KvmStats> stats = List.of();
  private Counts begin;
  private String failure;
  private TscClock clock;

  DeviceGuest(Linux linux, AssignPlan plan) {
    this.linux = linux;
    this.plan = plan;
    text = new GuestText(plan.cases().size() * plan.samples(), this::stop);
  }

  /** The machine for a side; what it is assigned has to be held. */
  MachineConfig config(Side side) {
    return MachineConfig.builder()
        .guest(
            new GuestImage.Assembled(
                "assign-bench", platform -> AssignBenchGuest.program(platform, plan)))
        .ram(RamConfig.of(RAM))
        .cpus(1)
        .timeout(LIMIT)
        .assigned(side.assignedDevices())
        .virtio(
            side.isVirtio() ? new VirtioSpecs(List.of(side.disk().get()), null) : VirtioSpecs.NONE)
        .build();
  }

  /**
   * Runs the guest to its end.
   *
   * @throws RuntimeException where the machine cannot be started
   */
  void run(MachineConfig config) throws InterruptedException {
    try (PcMachine made = new PcMachine(linux, config, loop -> text)) {
      machine = made;
      stats = statistics(made);
      made.onPostCode(this::mark);
      StopReason reason = made.run();
      if (text.mistake() != null) {
        failure = text.mistake().getMessage();
      } else if (!(reason instanceof StopReason.PoweredOff) || !text.samples().isDone()) {
        failure = "the guest ended early (" + name(reason) + "): " + text.lastWords();
      }
      clock = TscClock.of(made.tscKhz(), text.samples());
    } finally {
      machine = null;
      CloseHelper.quietCloseAll(stats);
    }
  }

  private static List<KvmStats> statistics(PcMachine machine) {
    try {
      return machine.kvmStats();
    } catch (ErrnoException e) {
      return List.of(); // Before Linux 5.14.
    }
  }

  private static String name(StopReason reason) {
    return reason instanceof StopReason.TimedOut
        ? "not done in " + LIMIT.toMinutes() + " minutes"
        : reason.toString();
  }

  /** Ends the guest; any thread may call. */
  void stop() {
    PcMachine running = machine;
    if (running != null) {
      running.stop("the bench");
    }
  }

  /** On the vCPU's thread, which waits for it. */
  private void mark(int code) {
    if (code == AssignBenchGuest.BEGIN) {
      begin = Counts.now(linux, machine, stats);
    } else if (code == AssignBenchGuest.END && begin != null) {
      counts.add(Counts.now(linux, machine, stats).since(begin));
      begin = null;
    }
  }

  /** Why the guest did not come to its end; null where it did. */
  String failure() {
    return failure;
  }

  /** What the guest has measured, also where it did not come to its end. */
  SampleText samples() {
    return text.samples();
  }

  /** What the host did, for each case that was measured to its end, in the guest's order. */
  List<Counts> counts() {
    return counts;
  }

  TscClock clock() {
    return clock;
  }
}
