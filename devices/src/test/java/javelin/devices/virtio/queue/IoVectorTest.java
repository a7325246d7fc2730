package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class IoVectorTest {
  private final UnsafeBuffer memory = NativeMemory.allocate(256);
  private final long address = memory.addressOffset();
  private final IoVector vector = new IoVector(4);

  private void fill() {
    vector.clear();
    vector.add(address, 3);
    vector.add(address + 16, 5);
    vector.add(address + 32, 1);
  }

  @Test
  void shouldLieInMemoryAsTheKernelReadsIt() {
    fill();
    UnsafeBuffer entries = new UnsafeBuffer(vector.address(), 48);
    assertThat(entries.getLong(0)).isEqualTo(address);
    assertThat(entries.getLong(8)).isEqualTo(3);
    assertThat(entries.getLong(16)).isEqualTo(address + 16);
    assertThat(entries.getLong(40)).isEqualTo(1);
  }

  @Test
  void shouldTakeBytesOffTheFront() {
    fill();
    vector.skip(4);
    assertThat(vector.bytes()).isEqualTo(5);
    assertThat(vector.count()).isEqualTo(2);
    assertThat(vector.firstBase()).isEqualTo(address + 17);
    assertThat(vector.firstLength()).isEqualTo(4);
    vector.skip(100);
    assertThat(vector.bytes()).isZero();
    assertThat(vector.count()).isZero();
  }

  @Test
  void shouldTakeBytesOffTheEnd() {
    fill();
    assertThat(vector.takeLastByte()).isEqualTo(address + 32);
    assertThat(vector.count()).isEqualTo(2);
    assertThat(vector.takeLastByte()).isEqualTo(address + 20);
    vector.limit(2);
    assertThat(vector.count()).isEqualTo(1);
    assertThat(vector.firstLength()).isEqualTo(2);
    vector.limit(5);
    assertThat(vector.bytes()).isEqualTo(2);
    vector.limit(0);
    assertThat(vector.count()).isZero();
    assertThatThrownBy(vector::takeLastByte).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldMoveBytesToAnother() {
    fill();
    IoVector front = new IoVector(4);
    vector.split(4, front);
    assertThat(front.bytes()).isEqualTo(4);
    assertThat(front.count()).isEqualTo(2);
    assertThat(front.firstBase()).isEqualTo(address);
    assertThat(vector.bytes()).isEqualTo(5);
    assertThat(vector.firstBase()).isEqualTo(address + 17);
    vector.split(9, front);
    assertThat(front.bytes()).as("all there is").isEqualTo(5);
    assertThat(vector.count()).isZero();
  }

  @Test
  void shouldCopyAcrossBuffers() {
    fill();
    UnsafeBuffer source = NativeMemory.allocate(16);
    source.putStringWithoutLengthAscii(0, "abcdefghijkl");
    assertThat(vector.write(source, 1, 7)).isEqualTo(7);
    assertThat(vector.bytes()).isEqualTo(2);
    assertThat(memory.getStringWithoutLengthAscii(0, 3)).isEqualTo("bcd");
    assertThat(memory.getStringWithoutLengthAscii(16, 4)).isEqualTo("efgh");
    assertThat(memory.getByte(20)).isZero();
    fill();
    UnsafeBuffer target = NativeMemory.allocate(16);
    assertThat(vector.read(target, 2, 14)).as("all there is").isEqualTo(9);
    assertThat(target.getStringWithoutLengthAscii(2, 7)).isEqualTo("bcdefgh");
    assertThat(vector.read(target, 0, 1)).isZero();
  }
}
