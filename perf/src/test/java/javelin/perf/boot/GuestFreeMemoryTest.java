package javelin.perf.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GuestFreeMemoryTest {
  private static final List<String> SMAPS =
      List.of(
          "7f0000000000-7f0010000000 rw-s 00000000 00:01 7 /memfd:guest-ram (deleted)",
          "Size:             262144 kB",
          "Pss:               90000 kB",
          "VmFlags: rd wr sh",
          "7f1000000000-7f1004000000 rw-p 00000000 00:00 0 ",
          "Size:              65536 kB",
          "Rss:                3000 kB",
          "Pss:                2000 kB",
          "Pss_Dirty:          1000 kB",
          "7f2000000000-7f2000003000 r-xp 00000000 08:01 9 /usr/lib/libc.so.6",
          "Size:                 12 kB",
          "Pss:                   4 kB");

  @Test
  void shouldLeaveOutJavelinsRamByItsName() {
    assertThat(GuestFreeMemory.of(SMAPS, 1L << 40)).hasValue(2004 * 1024);
  }

  @Test
  void shouldLeaveOutMappingsOfTheSizeOfTheGuestsRam() {
    assertThat(GuestFreeMemory.of(SMAPS, 64 << 20)).hasValue(4 * 1024);
  }

  @Test
  void shouldHaveNoFigureWhenTheProcessIsGone() {
    assertThat(GuestFreeMemory.of(List.of(), 1)).isEmpty();
  }
}
