package javelin.perf.exits;

import static javelin.vmm.kvm.KvmAvailable.assumeKvm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.EnumSet;
import java.util.Set;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.HostTool;
import javelin.perf.guest.CaseSamples;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A short form of each case, on both sides: how many, and how often user space is needed. */
@Tag("kvm")
@Timeout(180)
class ExitsOnKvmTest {
  private static final ExitsGuest.Plan PLAN = new ExitsGuest.Plan(10, 40, 4);

  /** The cases that make one exit to user space for each operation; the others make none. */
  private static final Set<ExitCase> BY_USER_SPACE =
      EnumSet.of(
          ExitCase.PORT_WRITE,
          ExitCase.PORT_READ,
          ExitCase.MMIO_WRITE,
          ExitCase.MMIO_READ,
          ExitCase.IRQFD,
          ExitCase.MSI,
          ExitCase.HOST_PORT_WRITE,
          ExitCase.HOST_MMIO_WRITE);

  @BeforeEach
  void needsKvm() {
    assumeKvm();
  }

  private static void requireAllCases(SideRun run) {
    assertThat(run.text().isDone()).isTrue();
    for (ExitCase of : ExitCase.values()) {
      CaseSamples samples = run.text().find(of.id());
      assertThat(samples).as(of.id()).isNotNull();
      assertThat(samples.skipped()).as(of.id()).isEmpty();
      assertThat(samples.counts()).as(of.id()).doesNotContainKeys("lost", "dropped");
      int found = of.isTimedOutside() ? run.outside().get(of).length : samples.size();
      assertThat(found).as(of.id()).isEqualTo(PLAN.count(of));
      assertThat(run.tallies().get(of).get(Tally.USER_EXITS))
          .as(of.id())
          .isEqualTo(BY_USER_SPACE.contains(of) ? PLAN.count(of) : 0);
    }
  }

  @Test
  void shouldMeasureEachCaseWhenJavelinRunsTheGuest() throws Exception {
    SideRun run = new JavelinSide().run(PLAN);

    requireAllCases(run);
    // The JVM interprets most of these exits, and they allocate nothing even so.
    for (ExitCase of : ExitCase.values()) {
      assertThat(run.tallies().get(of).get(Tally.HEAP_BYTES)).as(of.id()).isLessThan(512);
    }
    assertThat(run.tallies().get(ExitCase.DOORBELL_IRQ).get(Tally.LOOP_WAKEUPS))
        .isEqualTo(PLAN.count());
  }

  @Test
  void shouldMeasureEachCaseWhenCRunsTheGuest() throws Exception {
    assumeTrue(HostTool.find("cc").isPresent(), "skipped: cc is not installed");
    try (CSide side = CSide.prepare("cc", PLAN).orElseThrow()) {
      requireAllCases(side.run(PLAN));
      requireAllCases(side.run(PLAN));
    }
  }
}
