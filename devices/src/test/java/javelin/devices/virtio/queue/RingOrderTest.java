package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.bench.SplitModelRing;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order the device reads and writes a ring that the driver uses at the same time. */
class RingOrderTest extends OrderTestBench {
  private final SplitModelRing ring = new SplitModelRing(memory, RING, SIZE);

  private final List<String> accesses = new ArrayList<>();

  private SplitVirtqueue recordedQueue(boolean hasEventIndex) {
    Recorder recorder = new Recorder(memory, accesses);
    int descriptors = SIZE * SplitVirtqueue.DESCRIPTOR_LENGTH;
    return new SplitVirtqueue(
        memory,
        SIZE,
        new UnsafeBuffer(memory.hostAddress(ring.descriptors(), descriptors), descriptors),
        recorder.buffer("available", ring.available(), SplitVirtqueue.availableLength(SIZE)),
        recorder.buffer("used", ring.used(), SplitVirtqueue.usedLength(SIZE)),
        false,
        hasEventIndex);
  }

  @Test
  void shouldReadTheIndexBeforeTheEntriesAndPublishBehindThem() {
    SplitVirtqueue queue = recordedQueue(true);
    ring.send(0, BUFFER, 1);
    ring.send(0, BUFFER, 1);
    for (int i = 0; i < 2; i++) {
      queue.next(chain);
      queue.complete(chain.head(), 1);
    }
    queue.publish();
    queue.wantNotifications();
    assertThat(accesses)
        .containsExactly(
            "available.getShortVolatile 2",
            "available.getShort 4",
            "used.putInt 4",
            "used.putInt 8",
            "available.getShort 6",
            "used.putInt 12",
            "used.putInt 16",
            // The index behind all entries, and before the driver's event is looked at.
            "used.putShortVolatile 2",
            "available.getShortVolatile 20",
            // The event before the index is looked at again.
            "used.putShortVolatile 68",
            "available.getShortVolatile 2");
  }

  @Test
  void shouldOrderTheFlagsTheSameWayWithoutEvents() {
    SplitVirtqueue queue = recordedQueue(false);
    ring.send(0, BUFFER, 1);
    queue.suppressNotifications();
    queue.next(chain);
    queue.complete(chain.head(), 1);
    queue.publish();
    queue.wantNotifications();
    assertThat(accesses)
        .containsExactly(
            "used.putShort 0",
            "available.getShortVolatile 2",
            "available.getShort 4",
            "used.putInt 4",
            "used.putInt 8",
            "used.putShortVolatile 2",
            "available.getShortVolatile 0",
            "used.putShortVolatile 0",
            "available.getShortVolatile 2");
  }

  @Test
  @Timeout(60)
  void shouldLoseNoWakeUpAndNoRequestWhenBothSidesSuppress() throws InterruptedException {
    runBoth(RingLayout.SPLIT.queue(memory, ring, false, true), this::runDriver);
  }

  /** Keeps up to half the ring in flight. */
  private void runDriver() {
    UnsafeBuffer available =
        new UnsafeBuffer(
            memory.hostAddress(ring.available(), 1), SplitVirtqueue.availableLength(SIZE));
    UnsafeBuffer used =
        new UnsafeBuffer(memory.hostAddress(ring.used(), 1), SplitVirtqueue.usedLength(SIZE));
    SplittableRandom random = new SplittableRandom(4);
    int sent = 0;
    int seen = 0;
    for (int i = 0; i < SIZE; i++) {
      ring.descriptor(i, BUFFER + 8L * i, 8, 0, 0);
    }
    while (seen < CHAINS) {
      int phase = interrupted.getPhase();
      int before = sent;
      while (sent < CHAINS && sent - seen < 1 + random.nextInt(SIZE)) {
        memory.writeU64(BUFFER + 8L * (sent & SIZE - 1), sent);
        available.putShort(4 + 2 * (sent & SIZE - 1), (short) (sent & SIZE - 1));
        sent++;
        available.putShortVolatile(2, (short) sent);
      }
      int event = used.getShortVolatile(4 + 8 * SIZE) & 0xffff;
      if (sent != before && SplitVirtqueue.passes(event, before, sent)) {
        notified.arrive();
      }
      available.putShortVolatile(4 + 2 * SIZE, (short) seen);
      int index = used.getShortVolatile(2) & 0xffff;
      if (index == (seen & 0xffff)) {
        if (interrupted.awaitAdvance(phase) < 0) {
          return;
        }
        continue;
      }
      while ((seen & 0xffff) != index) {
        assertThat(ring.usedWritten(seen)).isEqualTo(seen);
        seen++;
      }
    }
  }

  @Test
  void shouldFillOnlyWhatTheRingHolds() {
    assertThat(SplitVirtqueue.availableLength(SIZE)).isEqualTo(22);
    assertThat(SplitVirtqueue.usedLength(SIZE)).isEqualTo(70);
    assertThat(new SplitModelRing(memory, RING, SIZE).end()).isEqualTo(RING + 3 * 4096);
  }
}
