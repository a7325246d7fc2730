package javelin.vmm.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

final class NativeMemoryTest {
  @Test
  void shouldBeZeroedAndAtTheBoundaryAskedFor() {
    UnsafeBuffer buffer = NativeMemory.allocate(100, 4096);

    assertThat(buffer.capacity()).isEqualTo(100);
    assertThat(buffer.addressOffset() % 4096).isZero();
    for (int i = 0; i < buffer.capacity(); i++) {
      assertThat(buffer.getByte(i)).isZero();
    }
  }

  @Test
  void shouldCopyPartsOfArraysThereAndBack() {
    UnsafeBuffer buffer = NativeMemory.allocate(8);
    byte[] back = new byte[5];

    NativeMemory.put(buffer, 2, new byte[] {1, 2, 3, 4, 5}, 1, 3);
    NativeMemory.get(buffer, 1, back, 1, 4);

    assertThat(buffer.getLong(0)).isEqualTo(0x0000_0004_0302_0000L);
    assertThat(back).containsExactly(0, 0, 2, 3, 4);
  }

  @Test
  void shouldCopyNothingBeyondTheBufferOrTheArray() {
    UnsafeBuffer buffer = NativeMemory.allocate(8);
    byte[] bytes = new byte[8];

    for (int[] wrong : new int[][] {{1, 0, 8}, {-1, 0, 1}, {0, 1, 8}, {0, -1, 1}, {0, 0, -1}}) {
      assertThatThrownBy(() -> NativeMemory.put(buffer, wrong[0], bytes, wrong[1], wrong[2]))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> NativeMemory.get(buffer, wrong[0], bytes, wrong[1], wrong[2]))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }
}
