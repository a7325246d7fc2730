package javelin.perf.nic;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class NicGuestTest {
  private static final NicSide ASSIGNED = new NicSide("assigned", "00:03.0,x-no-mmap");
  private static final NicSide VIRTIO = new NicSide("virtio", null);

  private static final Duration LIMIT = Duration.ofMinutes(2);

  private static NicGuest guest(boolean force) {
    return new NicGuest(
        "/javelin", Path.of("/vmlinuz"), Path.of("/initrd"), "-x2apic", force, LIMIT);
  }

  @Test
  void shouldGiveAllSidesTheSameGuestButForTheCard() {
    assertThat(guest(false).command(ASSIGNED))
        .startsWith("/javelin", "run", "--kernel", "/vmlinuz", "--initrd", "/initrd")
        .containsSequence("--cpu=-x2apic", "--assign", "00:03.0,x-no-mmap")
        .doesNotContain("--net", "--force");
    assertThat(guest(true).command(VIRTIO))
        .startsWith("/javelin", "run", "--kernel", "/vmlinuz", "--initrd", "/initrd")
        .containsSequence("--cpu=-x2apic", "--net", "tap=" + BridgedTap.TAP)
        .doesNotContain("--assign", "--force");
  }

  @Test
  void shouldEndEvenWhereTheBenchHasGone() {
    assertThat(guest(false).command(ASSIGNED)).containsSequence("--timeout", "120000ms");
  }

  @Test
  void shouldForceWhatTheUserForces() {
    assertThat(guest(true).command(ASSIGNED)).endsWith("00:03.0,x-no-mmap", "--force");
  }
}
