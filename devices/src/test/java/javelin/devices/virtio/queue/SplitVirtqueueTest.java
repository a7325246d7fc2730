package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.SplitModelRing;
import org.junit.jupiter.api.Test;

class SplitVirtqueueTest extends RingTestBench {
  private static final int WRITE = ModelRing.WRITE;
  private static final int NEXT = ModelRing.NEXT;
  private static final int INDIRECT = ModelRing.INDIRECT;

  @Test
  void shouldGiveReadableAndWritableBuffersOfAChain() {
    SplitVirtqueue queue = queue(false, false);
    assertThat(queue.next(chain)).isFalse();
    ring.send(0, BUFFER, 1);
    int head = ring.send(2, BUFFER, 16, BUFFER + 0x100, 512, BUFFER + 0x1000, 1);
    assertThat(queue.next(chain)).isTrue();
    assertThat(chain.head()).isZero();
    assertThat(queue.next(chain)).isTrue();
    assertThat(chain.head()).isEqualTo(head).isEqualTo(1);
    assertThat(chain.readable().count()).isEqualTo(2);
    assertThat(chain.readable().bytes()).isEqualTo(528);
    assertThat(guest(chain.readable().firstBase())).isEqualTo(BUFFER);
    assertThat(chain.writable().count()).isEqualTo(1);
    assertThat(guest(chain.writable().takeLastByte())).isEqualTo(BUFFER + 0x1000);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isNull();
  }

  @Test
  void shouldFollowAnIndirectTableBehindOtherBuffers() {
    ring.descriptor(3, BUFFER, 4, NEXT, 5);
    ring.descriptor(5, TABLE, 32, INDIRECT | WRITE, 0);
    ring.descriptorAt(TABLE, BUFFER + 8, 8, NEXT, 1);
    ring.descriptorAt(TABLE + 16, BUFFER + 16, 16, WRITE, 7);
    ring.offer(3);
    SplitVirtqueue queue = queue(true, false);
    assertThat(queue.next(chain)).isTrue();
    assertThat(chain.head()).isEqualTo(3);
    assertThat(chain.readable().bytes()).isEqualTo(12);
    assertThat(chain.writable().bytes()).isEqualTo(16);
  }

  @Test
  void shouldShowCompletedRequestsTogetherWhenPublished() {
    SplitVirtqueue queue = queue(false, false);
    for (int i = 0; i < 3; i++) {
      ring.send(0, BUFFER, 64);
      assertThat(queue.next(chain)).isTrue();
      queue.complete(chain.head(), 10 + i);
      assertThat(ring.usedIndex()).isZero();
    }
    assertThat(queue.publish()).isTrue();
    assertThat(ring.usedIndex()).isEqualTo(3);
    assertThat(ring.usedHead(2)).isEqualTo(2);
    assertThat(ring.usedWritten(2)).isEqualTo(12);
    assertThat(queue.publish()).as("nothing new").isFalse();
  }

  @Test
  void shouldGoRoundTheIndicesTwice() {
    SplitVirtqueue queue = queue(false, true);
    for (int i = 0; i < 2 * 65536 + 5; i++) {
      ring.usedEvent(i);
      ring.send(0, BUFFER, 64);
      assertThat(queue.next(chain)).isTrue();
      queue.complete(chain.head(), i);
      assertThat(queue.publish()).isTrue();
      assertThat(ring.usedIndex()).isEqualTo(i + 1 & 0xffff);
      assertThat(ring.usedWritten(i)).isEqualTo(i);
      assertThat(queue.wantNotifications()).isFalse();
      assertThat(ring.availableEvent()).isEqualTo(i + 1 & 0xffff);
    }
  }

  @Test
  void shouldAskForNoInterruptWhenTheDriverWantsNone() {
    SplitVirtqueue queue = queue(false, false);
    ring.availableFlags(1);
    serveOne(queue);
    assertThat(queue.publish()).isFalse();
    ring.availableFlags(0);
    serveOne(queue);
    assertThat(queue.publish()).isTrue();
  }

  @Test
  void shouldAskForOneInterruptWhenABatchPassesTheEvent() {
    SplitVirtqueue queue = queue(false, true);
    ring.usedEvent(3);
    ring.availableFlags(1); // Without meaning here.
    serveOne(queue);
    serveOne(queue);
    assertThat(queue.publish()).as("0 to 2").isFalse();
    serveOne(queue);
    serveOne(queue);
    serveOne(queue);
    assertThat(queue.publish()).as("2 to 5").isTrue();
    serveOne(queue);
    assertThat(queue.publish()).as("5 to 6").isFalse();
  }

  private void serveOne(SplitVirtqueue queue) {
    ring.send(0, BUFFER, 64);
    assertThat(queue.next(chain)).isTrue();
    queue.complete(chain.head(), 0);
  }

  @Test
  void shouldTellWhenAnIndexPassesAnEventAcrossTheWrap() {
    assertThat(SplitVirtqueue.passes(5, 5, 6)).isTrue();
    assertThat(SplitVirtqueue.passes(6, 5, 6)).isFalse();
    assertThat(SplitVirtqueue.passes(4, 5, 6)).isFalse();
    assertThat(SplitVirtqueue.passes(0xffff, 0xfffe, 2)).isTrue();
    assertThat(SplitVirtqueue.passes(1, 0xfffe, 2)).isTrue();
    assertThat(SplitVirtqueue.passes(2, 0xfffe, 2)).isFalse();
  }

  @Test
  void shouldSwitchNotificationsByFlagWithoutEvents() {
    SplitVirtqueue queue = queue(false, false);
    queue.suppressNotifications();
    assertThat(ring.usedFlags()).isEqualTo(1);
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(ring.usedFlags()).isZero();
    ring.send(0, BUFFER, 1);
    assertThat(queue.wantNotifications()).as("one has come meanwhile").isTrue();
  }

  @Test
  void shouldLeaveTheEventBehindWhenNotificationsAreSuppressed() {
    SplitVirtqueue queue = queue(false, true);
    serveOne(queue);
    queue.suppressNotifications();
    assertThat(ring.usedFlags()).isZero();
    assertThat(ring.availableEvent()).isZero();
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(ring.availableEvent()).isEqualTo(1);
  }

  @Test
  void shouldShowWhatWasCompletedBeforeTheRingBroke() {
    SplitVirtqueue queue = queue(false, false);
    serveOne(queue);
    ring.offer(SIZE);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.publish()).isTrue();
    assertThat(ring.usedIndex()).isEqualTo(1);
  }

  private void expectBroken(SplitVirtqueue queue, String problem) {
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isEqualTo(problem);
    ring.send(0, BUFFER, 1);
    assertThat(queue.next(chain)).as("stays broken").isFalse();
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(queue.publish()).isFalse();
  }

  @Test
  void shouldBreakWhenAHeadIsOutOfRange() {
    ring.offer(SIZE);
    expectBroken(queue(false, false), "descriptor 8 is made available, of 8");
  }

  @Test
  void shouldBreakWhenTheIndexRunsAway() {
    ring.availableIndex(SIZE + 1);
    expectBroken(
        queue(false, false), "more chains are made available than the queue has descriptors");
  }

  @Test
  void shouldBreakWhenMoreChainsAreInFlightThanTheQueueHas() {
    SplitVirtqueue queue = queue(false, false);
    for (int i = 0; i < SIZE; i++) {
      ring.send(0, BUFFER, 1);
      assertThat(queue.next(chain)).isTrue();
    }
    ring.send(0, BUFFER, 1);
    expectBroken(queue, "more chains are made available than the queue has descriptors");
  }

  @Test
  void shouldBreakWhenAChainLoops() {
    ring.descriptor(0, BUFFER, 1, NEXT, 1);
    ring.descriptor(1, BUFFER, 1, NEXT, 0);
    ring.offer(0);
    expectBroken(queue(false, false), "a chain is longer than the queue, 8");
  }

  @Test
  void shouldBreakWhenAChainLeavesTheTable() {
    ring.descriptor(0, BUFFER, 1, NEXT, 0xffff);
    ring.offer(0);
    expectBroken(queue(false, false), "a chain goes on at descriptor 65535, of 8");
  }

  @Test
  void shouldBreakWhenABufferIsOutsideRam() {
    long[][] buffers = {
      {RAM, 1}, {RAM - 1, 2}, {-1, 1}, {-1, 2}, {Long.MAX_VALUE, 0xffff_ffffL}, {0, 0xffff_ffffL}
    };
    for (long[] buffer : buffers) {
      SplitModelRing fresh = new SplitModelRing(memory, RING, SIZE);
      fresh.send(1, buffer);
      SplitVirtqueue queue = queue(false, false);
      assertThat(queue.next(chain)).isFalse();
      assertThat(queue.problem()).isEqualTo("a buffer is outside RAM");
    }
  }

  @Test
  void shouldBreakWhenABufferIsEmpty() {
    ring.send(1, BUFFER, 0);
    expectBroken(queue(false, false), "a buffer of length 0");
  }

  @Test
  void shouldBreakWhenAReadableBufferFollowsAWritableOne() {
    ring.descriptor(0, BUFFER, 1, NEXT | WRITE, 1);
    ring.descriptor(1, BUFFER, 1, 0, 0);
    ring.offer(0);
    expectBroken(queue(false, false), "a readable buffer behind a writable one");
  }

  private void indirect(long address, long length, int flags, String problem) {
    SplitModelRing fresh = new SplitModelRing(memory, RING, SIZE);
    fresh.descriptor(0, address, length, INDIRECT | flags, 1);
    fresh.offer(0);
    SplitVirtqueue queue = queue(true, false);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isEqualTo(problem);
  }

  @Test
  void shouldBreakWhenAnIndirectTableIsWrong() {
    indirect(TABLE, 0, 0, "an indirect table of 0 bytes");
    indirect(TABLE, 17, 0, "an indirect table of 17 bytes");
    indirect(TABLE, 9 * 16, 0, "an indirect table is longer than the queue, 8");
    indirect(TABLE, 0xffff_fff0L, 0, "an indirect table is longer than the queue, 8");
    indirect(RAM - 16, 32, 0, "an indirect table is outside RAM");
    indirect(TABLE, 16, NEXT, "a chain goes on behind an indirect descriptor");
    ring.descriptorAt(TABLE, TABLE, 16, INDIRECT, 0);
    indirect(TABLE, 16, 0, "an indirect descriptor in an indirect table");
    ring.descriptorAt(TABLE, BUFFER, 16, NEXT, 1);
    indirect(TABLE, 16, 0, "a chain goes on at descriptor 1, of 1");
    ring.descriptorAt(TABLE, BUFFER, 16, NEXT, 0);
    indirect(TABLE, 16, 0, "a chain is longer than the queue, 8");
  }

  @Test
  void shouldBreakWhenAnIndirectTableComesWithoutTheFeature() {
    ring.descriptor(0, TABLE, 16, INDIRECT, 0);
    ring.offer(0);
    expectBroken(queue(false, false), "an indirect descriptor without the feature");
  }

  private String problemOf(long descriptors, long available, long used) {
    return new SplitVirtqueue(
            memory, new RingAddresses(SIZE, descriptors, available, used), true, true)
        .problem();
  }

  @Test
  void shouldBeBrokenFromTheStartWhenAPartIsNotInRamOrNotAligned() {
    assertThat(problemOf(RING, RING + 0x100, RING + 0x200)).isNull();
    assertThat(problemOf(RING + 8, RING + 0x100, RING + 0x200)).contains("descriptors");
    assertThat(problemOf(RAM - 16, RING + 0x100, RING + 0x200)).contains("descriptors");
    assertThat(problemOf(RING, RING + 0x101, RING + 0x200)).contains("available ring");
    assertThat(problemOf(RING, -2, RING + 0x200)).contains("available ring");
    assertThat(problemOf(RING, RING + 0x100, RING + 0x202)).contains("used ring");
    assertThat(problemOf(RING, RING + 0x100, RAM)).contains("used ring");
    SplitVirtqueue queue = new SplitVirtqueue(memory, new RingAddresses(8, 8, 0, 0), true, true);
    queue.suppressNotifications();
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.publish()).isFalse();
    assertThat(queue.wantNotifications()).isFalse();
  }

  @Test
  void shouldRefuseWhenASizeIsNoPowerOfTwo() {
    assertThatThrownBy(() -> new SplitVirtqueue(memory, new RingAddresses(6, 0, 0, 0), true, true))
        .hasMessage("no split queue has a size of 6");
  }
}
