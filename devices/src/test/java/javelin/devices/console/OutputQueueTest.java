package javelin.devices.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class OutputQueueTest {
  private final OutputQueue queue = new OutputQueue();
  private final byte[] bytes = new byte[4 * OutputQueue.CAPACITY];
  private final UnsafeBuffer source = new UnsafeBuffer(bytes);

  private int put(int offset, int length) {
    return queue.put(source, offset, length) >> OutputQueue.COUNT_SHIFT;
  }

  /** Takes out up to {@code most} bytes that can be written at once. */
  private byte[] take(int most) {
    int length = Math.min(most, queue.beginChunk());
    byte[] chunk = new byte[length];
    new UnsafeBuffer(queue.chunkAddress(), length).getBytes(0, chunk);
    queue.take(length);
    return chunk;
  }

  @Test
  void shouldKeepBytesInOrderWhateverTheirNumber() {
    long seed = System.nanoTime();
    System.out.println("seed of the output queue: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    random.nextBytes(bytes);
    queue.mode(OutputQueue.Mode.FLOW);
    int in = 0;
    int out = 0;
    while (out < bytes.length) {
      int length = Math.min(random.nextInt(1 << 15), bytes.length - in);
      int taken = put(in, length);
      assertThat(taken)
          .as("seed %d", seed)
          .isEqualTo(Math.min(length, OutputQueue.CAPACITY - (in - out)));
      in += taken;
      byte[] chunk = take(random.nextInt(1 << 15));
      assertThat(chunk)
          .as("seed %d", seed)
          .isEqualTo(Arrays.copyOfRange(bytes, out, out + chunk.length));
      out += chunk.length;
    }
  }

  @Test
  void shouldWakeTheLoopOnceAndSayWhetherAllWasTaken() {
    queue.mode(OutputQueue.Mode.FLOW);
    assertThat(queue.put(source, 0, 5))
        .isEqualTo(5 << OutputQueue.COUNT_SHIFT | OutputQueue.ROOM | OutputQueue.WAKE);
    assertThat(queue.put(source, 0, 5)).isEqualTo(5 << OutputQueue.COUNT_SHIFT | OutputQueue.ROOM);
    assertThat(queue.put(source, 0, OutputQueue.CAPACITY))
        .isEqualTo((OutputQueue.CAPACITY - 10) << OutputQueue.COUNT_SHIFT);
    assertThat(queue.take(100)).as("not half of it").isFalse();
    assertThat(queue.take(OutputQueue.CAPACITY / 2)).as("who waits has room").isTrue();
  }

  @Test
  void shouldHoldTheNewestBytesWhenNobodyReads() {
    new SplittableRandom(1).nextBytes(bytes);
    assertThat(put(0, 1000)).isEqualTo(1000);
    assertThat(put(1000, OutputQueue.CAPACITY)).isEqualTo(OutputQueue.CAPACITY);
    assertThat(put(1000 + OutputQueue.CAPACITY, 7)).isEqualTo(7);
    queue.mode(OutputQueue.Mode.FLOW);
    byte[] first = take(OutputQueue.CAPACITY);
    byte[] second = take(OutputQueue.CAPACITY);
    assertThat(first.length + second.length).isEqualTo(OutputQueue.CAPACITY);
    int end = 1007 + OutputQueue.CAPACITY;
    assertThat(first).isEqualTo(Arrays.copyOfRange(bytes, 1007, 1007 + first.length));
    assertThat(second).isEqualTo(Arrays.copyOfRange(bytes, end - second.length, end));
  }

  @Test
  void shouldTakeAllWhenOutputHasFailed() {
    queue.mode(OutputQueue.Mode.DISCARD);
    assertThat(queue.put(source, 0, OutputQueue.CAPACITY))
        .isEqualTo(OutputQueue.CAPACITY << OutputQueue.COUNT_SHIFT | OutputQueue.ROOM);
  }
}
