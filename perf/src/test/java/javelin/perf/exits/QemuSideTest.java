package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import javelin.boot.guest.bench.ExitCase;
import javelin.boot.guest.bench.ExitsGuest;
import javelin.perf.bench.QemuPeer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On QEMU without KVM, where the times mean nothing, and the rest is the same. */
@Timeout(120)
class QemuSideTest {
  private static final ExitsGuest.Plan PLAN = new ExitsGuest.Plan(2, 20, 3);

  @Test
  void shouldMeasureWhatItsMicrovmHas() throws Exception {
    assumeTrue(QemuPeer.isThere(), "skipped: " + QemuPeer.PROGRAM + " is not installed");
    try (QemuSide side = new QemuSide(List.of("-accel", "tcg", "-cpu", "max"), 1000)) {
      SideRun run = side.run(PLAN);

      assertThat(run.text().isDone()).isTrue();
      for (ExitCase of :
          List.of(
              ExitCase.CPUID,
              ExitCase.PORT_WRITE,
              ExitCase.PORT_READ,
              ExitCase.MMIO_WRITE,
              ExitCase.MMIO_READ,
              ExitCase.IPI_RUNNING,
              ExitCase.IPI_HALTED)) {
        assertThat(run.text().find(of.id()).size()).as(of.id()).isEqualTo(PLAN.count(of));
      }
      assertThat(run.text().cases()).hasSize(ExitCase.values().length);
      assertThat(run.text().find(ExitCase.IRQFD.id()).skipped()).isPresent();
    }
  }
}
