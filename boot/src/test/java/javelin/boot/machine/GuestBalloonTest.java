package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.balloon.GuestStatistics;
import javelin.devices.virtio.balloon.VirtioBalloon;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.Test;

class GuestBalloonTest {
  private static final long MIB = 1 << 20;

  @Test
  void shouldPutTheGuestsFiguresIntoOneLine() {
    GuestStatistics figures =
        new GuestStatistics(5, 0, 8 * MIB, 12, 99, 300 * MIB, 480 * MIB, 400 * MIB, 20 * MIB);
    assertThat(GuestBalloon.memory(figures, 5))
        .isEqualTo(
            "guest memory: 480M in all, 400M available, 300M free, 20M of caches, 0M swapped in,"
                + " 8M swapped out, 12 major faults");
    assertThat(GuestBalloon.memory(figures, TimeUnit.SECONDS.toNanos(8)))
        .startsWith("guest memory 7 s ago: 480M in all");
  }

  @Test
  void shouldLeaveAwayWhatTheGuestDoesNotSay() {
    assertThat(GuestBalloon.memory(new GuestStatistics(0), 0))
        .isEqualTo("guest memory: no figures");
    long unknown = GuestStatistics.UNKNOWN;
    assertThat(
            GuestBalloon.memory(
                new GuestStatistics(0, unknown, unknown, unknown, unknown, 3 * MIB), 0))
        .isEqualTo("guest memory: 3M free");
  }

  @Test
  void shouldRefuseASizeThatIsNone() {
    GuestBalloon balloon =
        new GuestBalloon(
            new VirtioBalloon(new GuestMemory(), Linux.system().syscalls(), 0), 64 * MIB);
    assertThatThrownBy(() -> balloon.resize("much"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("write a number and a unit, as in 512M or 2G");
    assertThatThrownBy(() -> balloon.resize("5000")).hasMessage("size is a multiple of 4K");
    assertThatThrownBy(() -> balloon.resize("63M"))
        .hasMessage("the guest has 64M and keeps at least 2M");
  }
}
