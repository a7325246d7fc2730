package javelin.perf.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import javelin.perf.result.Outcome;
import javelin.perf.result.Ratio;
import org.junit.jupiter.api.Test;

class SideTest {
  private static final Guest GUEST =
      new Guest(
          Path.of("/vmlinuz"),
          Path.of("/initrd"),
          512,
          1,
          "-kvm-pv-eoi",
          Path.of("/a,b"),
          true,
          Path.of("/report"),
          "tap7");

  @Test
  void shouldGiveAllSidesTheSameGuest() {
    for (Side side : List.of(Side.javelin("/javelin", "uring"), Side.qemu("threads"))) {
      String command = String.join(" ", side.command().of(GUEST));
      assertThat(command)
          .contains("/vmlinuz", "/initrd", Guest.APPEND, "-kvm-pv-eoi", "/a,,b", "tap7");
      assertThat(String.join(" ", side.command().of(GUEST.withoutNetwork()))).doesNotContain("tap");
    }
  }

  @Test
  void shouldTakeTheSameWayToTheDiskWhenToldSo() {
    assertThat(Side.javelin("/javelin", "uring").command().of(GUEST))
        .contains("/a,,b,cache=none,aio=uring");
    assertThat(Side.qemu("uring").command().of(GUEST))
        .anyMatch(word -> word.contains("file.aio=io_uring") && word.contains("cache.direct=on"));
    assertThat(Side.kvmtool().command().of(GUEST)).contains("/a,b,direct");
  }

  @Test
  void shouldCompareWithTheSameWayOfAPeer() {
    Outcome outcome = new Outcome("virtio", List.of(), Instant.EPOCH);
    Side.compare(
        List.of(
            Side.javelin("/j", "uring"),
            Side.javelin("/j", "threads"),
            Side.qemu("uring"),
            Side.qemu("threads"),
            Side.kvmtool()),
        outcome);

    assertThat(outcome.ratios())
        .containsExactlyInAnyOrder(
            new Ratio("Javelin io_uring", "QEMU io_uring"),
            new Ratio("Javelin threads", "QEMU threads"),
            new Ratio("Javelin io_uring", "kvmtool"),
            new Ratio("Javelin threads", "kvmtool"),
            new Ratio("Javelin", "QEMU"),
            new Ratio("Javelin", "kvmtool"));
  }
}
