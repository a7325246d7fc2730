package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.PackedModelRing;
import org.junit.jupiter.api.Test;

class PackedVirtqueueTest extends RamTestBench {
  private static final int AVAIL = PackedModelRing.AVAIL;
  private static final int USED = PackedModelRing.USED;
  private static final int WRITE = ModelRing.WRITE;
  private static final int NEXT = ModelRing.NEXT;
  private static final int INDIRECT = ModelRing.INDIRECT;

  private final PackedModelRing ring = new PackedModelRing(memory, RING, SIZE);

  private PackedVirtqueue queue(PackedModelRing of, boolean hasIndirect, boolean hasEventIndex) {
    return new PackedVirtqueue(
        memory,
        new RingAddresses(of.size(), of.descriptors(), of.available(), of.used()),
        hasIndirect,
        hasEventIndex);
  }

  private PackedVirtqueue queue() {
    return queue(ring, true, true);
  }

  private int flags(int index) {
    return memory.readU16(RING + 16L * index + 14);
  }

  private void serveOne(PackedVirtqueue queue, long written) {
    ring.send(0, BUFFER, 64);
    assertThat(queue.next(chain)).isTrue();
    queue.complete(chain.head(), written);
  }

  @Test
  void shouldGiveReadableAndWritableBuffersOfAChain() {
    PackedVirtqueue queue = queue();
    assertThat(queue.next(chain)).isFalse();
    ring.send(2, BUFFER, 16, BUFFER + 0x100, 512, BUFFER + 0x1000, 1);
    assertThat(queue.next(chain)).isTrue();
    assertThat(chain.readable().count()).isEqualTo(2);
    assertThat(chain.readable().bytes()).isEqualTo(528);
    assertThat(guest(chain.readable().firstBase())).isEqualTo(BUFFER);
    assertThat(guest(chain.writable().takeLastByte())).isEqualTo(BUFFER + 0x1000);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isNull();
  }

  @Test
  void shouldTakeTheIdOfTheLastDescriptorWhateverNumberItIs() {
    ring.descriptor(0, BUFFER, 4, NEXT | AVAIL, 7);
    ring.descriptor(1, BUFFER, 4, WRITE | AVAIL, 0xfedc);
    PackedVirtqueue queue = queue();
    assertThat(queue.next(chain)).isTrue();
    queue.complete(chain.head(), 4);
    queue.publish();
    assertThat(memory.readU16(RING + 12)).isEqualTo(0xfedc);
    assertThat(memory.readU32(RING + 8)).isEqualTo(4);
    assertThat(flags(0)).isEqualTo(AVAIL | USED | WRITE);
    assertThat(flags(1)).as("left as it was").isEqualTo(WRITE | AVAIL);
  }

  @Test
  void shouldFollowAnIndirectTableBehindOtherBuffersInItsOrder() {
    ring.descriptor(0, BUFFER, 4, NEXT | AVAIL, 0);
    ring.descriptor(1, TABLE, 32, INDIRECT | WRITE | AVAIL, 3);
    // Neither the id nor NEXT means anything in a table.
    ring.descriptorAt(TABLE, BUFFER + 8, 8, 0, 99);
    ring.descriptorAt(TABLE + 16, BUFFER + 16, 16, WRITE | NEXT, 7);
    PackedVirtqueue queue = queue();
    assertThat(queue.next(chain)).isTrue();
    assertThat(chain.readable().bytes()).isEqualTo(12);
    assertThat(chain.writable().bytes()).isEqualTo(16);
    queue.complete(chain.head(), 16);
    queue.publish();
    assertThat(memory.readU16(RING + 12)).isEqualTo(3);
  }

  @Test
  void shouldShowABatchByItsFirstDescriptor() {
    PackedVirtqueue queue = queue();
    for (int i = 0; i < 3; i++) {
      serveOne(queue, i);
    }
    assertThat(flags(0)).as("not yet").isEqualTo(AVAIL | WRITE);
    assertThat(flags(1)).isEqualTo(AVAIL | USED | WRITE);
    assertThat(ring.usedIndex()).isZero();
    assertThat(queue.publish()).isTrue();
    assertThat(flags(0)).as("nothing was written").isEqualTo(AVAIL | USED);
    assertThat(ring.usedIndex()).isEqualTo(3);
    assertThat(ring.usedWritten(2)).isEqualTo(2);
    assertThat(queue.publish()).as("nothing new").isFalse();
  }

  @Test
  void shouldReturnChainsOfSeveralDescriptorsInAnyOrder() {
    PackedVirtqueue queue = queue();
    int first = ring.send(1, BUFFER, 1, BUFFER, 1, BUFFER, 1);
    int second = ring.send(1, BUFFER, 1, BUFFER, 1);
    int[] heads = new int[2];
    for (int i = 0; i < 2; i++) {
      assertThat(queue.next(chain)).isTrue();
      heads[i] = chain.head();
    }
    queue.complete(heads[1], 5);
    queue.publish();
    assertThat(ring.usedHead(0)).isEqualTo(second);
    int third = ring.send(1, BUFFER, 1, BUFFER, 1);
    assertThat(third).as("a new name, as the first one is in flight").isNotEqualTo(first);
    assertThat(queue.next(chain)).isTrue();
    queue.complete(chain.head(), 0);
    queue.complete(heads[0], 6);
    queue.publish();
    assertThat(ring.usedIndex()).isEqualTo(3);
    assertThat(ring.usedHead(1)).isEqualTo(third);
    assertThat(ring.usedHead(2)).isEqualTo(first);
    assertThat(ring.usedWritten(2)).isEqualTo(6);
  }

  @Test
  void shouldGoRoundManyTimesWhateverTheSize() {
    for (int size : new int[] {1, 2, 3, 7, 8}) {
      PackedModelRing fresh = new PackedModelRing(memory, RING, size);
      PackedVirtqueue queue = queue(fresh, false, true);
      for (int i = 0; i < 20 * size; i++) {
        int parts = 1 + i % Math.min(size, 3);
        long[] buffers = new long[2 * parts];
        for (int part = 0; part < parts; part++) {
          buffers[2 * part] = BUFFER + 16L * part;
          buffers[2 * part + 1] = 16;
        }
        fresh.wantNextInterrupt();
        fresh.send(0, buffers);
        assertThat(queue.wantNotifications()).isTrue();
        assertThat(queue.next(chain)).isTrue();
        assertThat(chain.writable().bytes()).isEqualTo(16L * parts);
        queue.complete(chain.head(), i);
        assertThat(queue.publish()).isTrue();
        assertThat(fresh.usedIndex()).isEqualTo(i + 1);
        assertThat(fresh.usedWritten(i)).isEqualTo(i);
        assertThat(queue.wantNotifications()).isFalse();
      }
      assertThat(queue.problem()).isNull();
    }
  }

  @Test
  void shouldAskForInterruptsAsTheDriverSays() {
    PackedVirtqueue queue = queue();
    ring.wantInterrupts(PackedModelRing.DISABLE, 0, true);
    serveOne(queue, 0);
    assertThat(queue.publish()).isFalse();
    ring.wantInterrupts(PackedModelRing.ENABLE, 0, true);
    serveOne(queue, 0);
    assertThat(queue.publish()).isTrue();
    ring.wantInterrupts(PackedModelRing.AT, 5, true);
    serveOne(queue, 0);
    serveOne(queue, 0);
    assertThat(queue.publish()).as("2 and 3").isFalse();
    serveOne(queue, 0);
    serveOne(queue, 0);
    assertThat(queue.publish()).as("4 and 5").isTrue();
    serveOne(queue, 0);
    assertThat(queue.publish()).as("6").isFalse();
    ring.wantInterrupts(PackedModelRing.AT, 0, false);
    serveOne(queue, 0);
    assertThat(queue.publish()).as("7").isFalse();
    serveOne(queue, 0);
    assertThat(queue.publish()).as("0 of the next round").isTrue();
  }

  @Test
  void shouldAlwaysInterruptForAnEventWithoutTheFeature() {
    PackedVirtqueue queue = queue(ring, false, false);
    ring.wantInterrupts(PackedModelRing.AT, 5, true);
    serveOne(queue, 0);
    assertThat(queue.publish()).isTrue();
  }

  @Test
  void shouldTellWhichDescriptorsABatchCovers() {
    int wrap = 1 << 15;
    assertThat(PackedVirtqueue.covers(5 | wrap, 5, true, 1, 8)).isTrue();
    assertThat(PackedVirtqueue.covers(6 | wrap, 5, true, 1, 8)).isFalse();
    assertThat(PackedVirtqueue.covers(4 | wrap, 5, true, 8, 8)).as("the last round's").isFalse();
    assertThat(PackedVirtqueue.covers(4, 5, true, 8, 8)).isTrue();
    assertThat(PackedVirtqueue.covers(5, 5, true, 8, 8)).isFalse();
    assertThat(PackedVirtqueue.covers(1 | wrap, 6, false, 4, 7)).isTrue();
    assertThat(PackedVirtqueue.covers(0x7fff, 6, true, 14, 7)).as("out of range").isTrue();
  }

  @Test
  void shouldSwitchNotificationsWithoutEvents() {
    PackedVirtqueue queue = queue(ring, false, false);
    queue.suppressNotifications();
    assertThat(ring.deviceFlags()).isEqualTo(PackedModelRing.DISABLE);
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(ring.deviceFlags()).isEqualTo(PackedModelRing.ENABLE);
    ring.send(0, BUFFER, 1);
    assertThat(queue.wantNotifications()).as("one has come meanwhile").isTrue();
  }

  @Test
  void shouldWantANotificationAtTheNextDescriptorByEvent() {
    PackedVirtqueue queue = queue();
    for (int i = 0; i < SIZE; i++) {
      assertThat(queue.wantNotifications()).isFalse();
      assertThat(ring.deviceFlags()).isEqualTo(PackedModelRing.AT);
      assertThat(ring.deviceEvent()).isEqualTo(i);
      assertThat(ring.deviceEventWrap()).isTrue();
      queue.suppressNotifications();
      assertThat(ring.deviceFlags()).isEqualTo(PackedModelRing.DISABLE);
      serveOne(queue, 0);
      queue.publish();
    }
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(ring.deviceEvent()).isZero();
    assertThat(ring.deviceEventWrap()).isFalse();
  }

  @Test
  void shouldShowWhatWasCompletedBeforeTheRingBroke() {
    PackedVirtqueue queue = queue();
    serveOne(queue, 0);
    ring.send(1, BUFFER, 0);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.publish()).isTrue();
    assertThat(ring.usedIndex()).isEqualTo(1);
  }

  private void expectBroken(PackedVirtqueue queue, String problem) {
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isEqualTo(problem);
    ring.send(0, BUFFER, 1);
    assertThat(queue.next(chain)).as("stays broken").isFalse();
    assertThat(queue.wantNotifications()).isFalse();
    assertThat(queue.publish()).isFalse();
  }

  @Test
  void shouldBreakWhenAChainGoesRoundTheRing() {
    for (int i = 0; i < SIZE; i++) {
      ring.descriptor(i, BUFFER, 1, NEXT | AVAIL, 0);
    }
    expectBroken(queue(), "more descriptors are made available than the queue has, 8");
  }

  @Test
  void shouldBreakWhenWhatIsInFlightIsMadeAvailableAgain() {
    PackedVirtqueue queue = queue();
    for (int i = 0; i < SIZE; i++) {
      ring.send(0, BUFFER, 1);
      assertThat(queue.next(chain)).isTrue();
    }
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isNull();
    // What is completed but not shown is in flight, too.
    queue.complete(chain.head(), 0);
    ring.claim(0);
    assertThat(queue.wantNotifications()).isTrue();
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem())
        .isEqualTo("more descriptors are made available than the queue has, 8");
  }

  @Test
  void shouldBreakWhenAChainIsLongerThanTheQueue() {
    for (int i = 0; i < SIZE; i++) {
      ring.descriptorAt(TABLE + 16L * i, BUFFER, 1, 0, 0);
    }
    ring.descriptor(0, BUFFER, 1, NEXT | AVAIL, 0);
    ring.descriptor(1, TABLE, 16 * SIZE, INDIRECT | AVAIL, 0);
    expectBroken(queue(), "a chain is longer than the queue, 8");
  }

  private void broken(long address, long length, int flags, String problem) {
    PackedModelRing fresh = new PackedModelRing(memory, RING, SIZE);
    fresh.descriptor(0, address, length, flags | AVAIL, 0);
    PackedVirtqueue queue = queue(fresh, true, false);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isEqualTo(problem);
  }

  @Test
  void shouldBreakWhenABufferIsWrong() {
    broken(RAM, 1, 0, "a buffer is outside RAM");
    broken(-1, 2, 0, "a buffer is outside RAM");
    broken(0, 0xffff_ffffL, WRITE, "a buffer is outside RAM");
    broken(BUFFER, 0, 0, "a buffer of length 0");
    ring.descriptor(1, BUFFER, 1, 0, 0);
    PackedModelRing fresh = new PackedModelRing(memory, RING, SIZE);
    fresh.descriptor(1, BUFFER, 1, AVAIL, 0);
    fresh.descriptor(0, BUFFER, 1, NEXT | WRITE | AVAIL, 0);
    PackedVirtqueue queue = queue(fresh, false, false);
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.problem()).isEqualTo("a readable buffer behind a writable one");
  }

  @Test
  void shouldBreakWhenAnIndirectTableIsWrong() {
    broken(TABLE, 0, INDIRECT, "an indirect table of 0 bytes");
    broken(TABLE, 17, INDIRECT, "an indirect table of 17 bytes");
    broken(TABLE, 9 * 16, INDIRECT, "an indirect table is longer than the queue, 8");
    broken(TABLE, 0xffff_fff0L, INDIRECT, "an indirect table is longer than the queue, 8");
    broken(RAM - 16, 32, INDIRECT, "an indirect table is outside RAM");
    broken(TABLE, 16, INDIRECT | NEXT, "a chain goes on behind an indirect descriptor");
    ring.descriptorAt(TABLE, TABLE, 16, INDIRECT, 0);
    broken(TABLE, 16, INDIRECT, "an indirect descriptor in an indirect table");
    ring.descriptor(0, TABLE, 16, INDIRECT | AVAIL, 0);
    expectBroken(queue(ring, false, false), "an indirect descriptor without the feature");
  }

  private String problemOf(long descriptors, long driver, long device) {
    return new PackedVirtqueue(
            memory, new RingAddresses(SIZE, descriptors, driver, device), true, true)
        .problem();
  }

  @Test
  void shouldBeBrokenFromTheStartWhenAPartIsNotInRamOrNotAligned() {
    assertThat(problemOf(RING, RING + 0x100, RING + 0x200)).isNull();
    assertThat(problemOf(RING + 8, RING + 0x100, RING + 0x200)).contains("descriptors");
    assertThat(problemOf(RAM - 16, RING + 0x100, RING + 0x200)).contains("descriptors");
    assertThat(problemOf(RING, RING + 0x102, RING + 0x200)).contains("driver event");
    assertThat(problemOf(RING, -4, RING + 0x200)).contains("driver event");
    assertThat(problemOf(RING, RING + 0x100, RING + 0x202)).contains("device event");
    assertThat(problemOf(RING, RING + 0x100, RAM)).contains("device event");
    PackedVirtqueue queue = new PackedVirtqueue(memory, new RingAddresses(8, 8, 0, 0), true, true);
    queue.suppressNotifications();
    assertThat(queue.next(chain)).isFalse();
    assertThat(queue.publish()).isFalse();
    assertThat(queue.wantNotifications()).isFalse();
    assertThatThrownBy(() -> new PackedVirtqueue(memory, new RingAddresses(0, 0, 0, 0), true, true))
        .hasMessage("no packed queue has a size of 0");
  }
}
