package javelin.perf.exits;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import javelin.boot.guest.bench.ExitCase;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.KickSignal;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.Machine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CaseMeterTest {
  private static final int BEGIN = ExitCase.HOST_PORT_WRITE.ordinal() << 1;
  private static final int END = BEGIN | 1;

  private final CaseMeter meter = new CaseMeter(100);
  private EventLoop loop;

  @BeforeEach
  void watchAMachineWithoutCpus() {
    Linux linux = Linux.system();
    loop = new EventLoop(linux, "test");
    Machine.Parts parts =
        new Machine.Parts(
            List.of(),
            IoSpace.ports(),
            IoSpace.mmio(),
            new KickSignal(linux),
            () -> {},
            new Machine.ResetPolicy(false, false),
            false,
            null);
    meter.watch(new Machine(parts), loop, List.of());
  }

  @AfterEach
  void endTheLoop() {
    loop.close();
  }

  @Test
  void shouldKeepTheTimesAndFindNothingAllocatedBetweenTheMarks() {
    for (int round = 0; round < 3; round++) {
      meter.mark(BEGIN);
      for (int i = 0; i < 90; i++) {
        meter.timed().write(0, 1, 0);
      }
      meter.mark(END);
    }

    assertThat(meter.outside().get(ExitCase.HOST_PORT_WRITE)).hasSize(90);
    assertThat(meter.tallies().get(ExitCase.HOST_PORT_WRITE))
        .containsEntry(Tally.HEAP_BYTES, 0L)
        .containsEntry(Tally.LOOP_WAKEUPS, 0L)
        .doesNotContainKey(Tally.KVM_EXITS);
  }

  @Test
  void shouldKeepNoMoreTimesThanWereAskedFor() {
    meter.mark(BEGIN);
    for (int i = 0; i < 1000; i++) {
      meter.timed().write(0, 1, 0);
    }
    meter.mark(END);
    assertThat(meter.outside().get(ExitCase.HOST_PORT_WRITE)).hasSize(100);
  }

  @Test
  void shouldIgnoreMarksThatMakeNoSense() {
    meter.mark(END);
    meter.mark(0xff);
    meter.mark(0xfe);
    assertThat(meter.tallies()).isEmpty();
  }
}
