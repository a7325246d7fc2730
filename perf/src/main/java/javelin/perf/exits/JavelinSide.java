package javelin.perf.exits;

import java.time.Duration;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.guest.SampleText;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.Machine;
import javelin.vmm.machine.StopReason;

/** The guest on Javelin: {@link Machine} and its vCPU threads. */
final class JavelinSide implements ExitsSide {
  static final String NAME = "Javelin";

  /** What the debug exit port makes of the guest's 0. */
  static final int GOOD_END = 1;

  /** For a guest that hangs; nothing is measured by it. */
  static final Duration LIMIT = Duration.ofMinutes(10);

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public SideRun run(ExitsGuest.Plan plan) throws InterruptedException {
    SampleText text = text(plan);
    CaseMeter meter = new CaseMeter(plan.count());
    try (ExitsMachine exits =
        new ExitsMachine(Linux.system(), ExitsGuest.program(plan), meter, text)) {
      int tscKhz = exits.vcpus().get(0).tscKhz();
      StopReason reason = exits.machine().run(LIMIT);
      if (reason instanceof StopReason.Failed failed) {
        throw new IllegalStateException(
            "Javelin failed on the measuring guest: " + failed.cause(), failed.cause());
      }
      if (!reason.equals(new StopReason.DebugExit(GOOD_END))) {
        throw new IllegalStateException("the measuring guest ended early: " + reason);
      }
      return new SideRun(text, tscKhz, meter.outside(), meter.tallies());
    }
  }

  /** A reader of all that a guest of that plan has to say. */
  static SampleText text(ExitsGuest.Plan plan) {
    return new SampleText(ExitCase.values().length * Math.max(plan.count(), plan.slowCount()));
  }
}
