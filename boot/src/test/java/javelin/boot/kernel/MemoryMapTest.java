package javelin.boot.kernel;

import static javelin.boot.kernel.LoaderFixture.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.kernel.MemoryMap.Entry;
import org.junit.jupiter.api.Test;

class MemoryMapTest {
  @Test
  void shouldLeaveTheLegacyAreaOutWhenItIsMadeFromRam() {
    try (LoaderFixture guest = new LoaderFixture(16 * MIB)) {
      MemoryMap map = MemoryMap.of(guest.memory, List.of());

      assertThat(map.entries())
          .containsExactly(
              new Entry(0, 0xa_0000, MemoryMap.Type.RAM),
              Entry.reserved(0xe_0000, 0x2_0000),
              new Entry(MIB, 15 * MIB, MemoryMap.Type.RAM));
      assertThat(map.extended()).isEqualTo(new Entry(MIB, 15 * MIB, MemoryMap.Type.RAM));
      assertThat(map.isRam(0x9_ffff, 1)).isTrue();
      assertThat(map.isRam(0x9_ffff, 2)).isFalse();
      assertThat(map.isRam(0xe_0000, 1)).isFalse();
      assertThat(map.isRam(16 * MIB - 1, 2)).isFalse();
      assertThat(map.isRam(MIB, -1)).isFalse();
      assertThat(map.isRam(-1, 2)).isFalse();
      assertThat(map.isRam(Long.MIN_VALUE, Long.MAX_VALUE)).isFalse();
    }
  }

  @Test
  void shouldCutNamedRangesOutOfRamWhenTheyLieInIt() {
    try (LoaderFixture guest = new LoaderFixture(16 * MIB)) {
      Entry tables = new Entry(15 * MIB, MIB / 2, MemoryMap.Type.ACPI);
      Entry window = Entry.reserved(0xe000_0000L, MIB);

      MemoryMap map = MemoryMap.of(guest.memory, List.of(window, tables));

      assertThat(map.entries())
          .containsExactly(
              new Entry(0, 0xa_0000, MemoryMap.Type.RAM),
              Entry.reserved(0xe_0000, 0x2_0000),
              new Entry(MIB, 14 * MIB, MemoryMap.Type.RAM),
              tables,
              new Entry(15 * MIB + MIB / 2, MIB / 2, MemoryMap.Type.RAM),
              window);
    }
  }

  @Test
  void shouldRefuseWhenRangesOverlapOrAreTooMany() {
    assertThatThrownBy(
            () -> new MemoryMap(List.of(Entry.reserved(0, 0x2000), Entry.reserved(0x1000, 1))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("memory range 0x1000-0x1000 overlaps 0x0-0x1fff");
    assertThatThrownBy(() -> Entry.reserved(Long.MAX_VALUE, 1))
        .isInstanceOf(IllegalArgumentException.class);
    List<Entry> many = new ArrayList<>();
    for (int i = 0; i <= MemoryMap.MAX_ENTRIES; i++) {
      many.add(Entry.reserved(i * 2L, 1));
    }
    assertThatThrownBy(() -> new MemoryMap(many))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("129 memory ranges, most are 128");
  }
}
