package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MsixTableTest {
  private final MsixTable table = new MsixTable(3);

  @Test
  void shouldMaskAllEntriesAtPowerOn() {
    for (int i = 0; i < 3; i++) {
      assertThat(table.isMasked(i)).isTrue();
      assertThat(table.read(16L * i, 8)).isZero();
      assertThat(table.read(16L * i + 8, 8)).isEqualTo(1L << 32);
    }
    assertThat(table.length()).isEqualTo(48);
  }

  @Test
  void shouldTakeAnEntryInWordsAndInHalves() {
    assertThat(table.write(16, 8, 0x1_fee0_1004L)).isEqualTo(1);
    assertThat(table.write(24, 4, 0x4041)).isEqualTo(1);
    assertThat(table.write(28, 4, 0)).isEqualTo(1);
    assertThat(table.address(1)).isEqualTo(0x1_fee0_1004L);
    assertThat(table.data(1)).isEqualTo(0x4041);
    assertThat(table.isMasked(1)).isFalse();
    assertThat(table.isMasked(0)).isTrue();
    assertThat(table.write(40, 8, 7)).isEqualTo(2);
    assertThat(table.data(2)).isEqualTo(7);
    assertThat(table.isMasked(2)).isFalse();
    table.reset();
    assertThat(table.isMasked(2)).isTrue();
    assertThat(table.address(1)).isZero();
  }

  @Test
  void shouldIgnoreAccessesThatAreNotAlignedOrOutside() {
    SplittableRandom random = new SplittableRandom(8);
    for (int i = 0; i < 10_000; i++) {
      int size = 1 << random.nextInt(4);
      long offset = random.nextLong(-64, 128);
      boolean isAccess = size >= 4 && offset >= 0 && offset % size == 0 && offset + size <= 48;
      assertThat(table.write(offset, size, random.nextLong()))
          .isEqualTo(isAccess ? (int) offset / 16 : -1);
      if (!isAccess) {
        assertThat(table.read(offset, size)).isZero();
      }
    }
  }

  @Test
  void shouldHaveOnePendingBitForEachVector() {
    assertThat(MsixTable.pendingLength(1)).isEqualTo(8);
    assertThat(MsixTable.pendingLength(64)).isEqualTo(8);
    assertThat(MsixTable.pendingLength(65)).isEqualTo(16);
  }

  @Test
  void shouldRefuseSizesThatMsixDoesNotHave() {
    assertThatThrownBy(() -> new MsixTable(0)).hasMessage("no MSI-X table has 0 entries");
    assertThatThrownBy(() -> new MsixTable(2049)).hasMessageContaining("2049");
  }
}
