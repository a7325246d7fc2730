package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.PackedModelRing;
import javelin.devices.virtio.bench.RingLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** In which order the device reads and writes a packed ring that the driver uses meanwhile. */
class PackedOrderTest extends OrderTestBench {
  private final PackedModelRing ring = new PackedModelRing(memory, RING, SIZE);

  private PackedVirtqueue recordedQueue(List<String> accesses) {
    int length = SIZE * RingBase.DESCRIPTOR_LENGTH;
    Recorder recorder = new Recorder(memory, accesses);
    return new PackedVirtqueue(
        memory,
        SIZE,
        recorder.buffer("ring", ring.descriptors(), length),
        recorder.buffer("driver", ring.available(), PackedVirtqueue.EVENT_LENGTH),
        recorder.buffer("device", ring.used(), PackedVirtqueue.EVENT_LENGTH),
        false,
        true);
  }

  @Test
  void shouldReadFlagsBeforeTheRestAndPublishByThoseOfTheFirst() {
    List<String> accesses = new ArrayList<>();
    PackedVirtqueue queue = recordedQueue(accesses);
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
            "ring.getShortVolatile 14",
            "ring.getLong 0",
            "ring.getInt 8",
            "ring.getShort 12",
            "ring.getShort 14",
            "ring.putInt 8",
            "ring.putShort 12",
            "ring.getShortVolatile 30",
            "ring.getLong 16",
            "ring.getInt 24",
            "ring.getShort 28",
            "ring.getShort 30",
            "ring.putInt 24",
            "ring.putShort 28",
            "ring.putShort 30",
            // The first one's flags behind all others, and before the driver's event is looked at.
            "ring.putShortVolatile 14",
            "driver.getIntVolatile 0",
            // The event before the ring is looked at again.
            "device.putIntVolatile 0",
            "ring.getShortVolatile 46");
  }

  @Test
  @Timeout(60)
  void shouldLoseNoWakeUpAndNoRequestWhenBothSidesSuppress() throws InterruptedException {
    runBoth(RingLayout.PACKED.queue(memory, ring, false, true), this::runDriver);
  }

  /** Keeps up to the whole ring in flight, in chains of one or two descriptors. */
  private void runDriver() {
    SplittableRandom random = new SplittableRandom(4);
    int[] sizes = new int[CHAINS];
    int sent = 0;
    int seen = 0;
    int inFlight = 0;
    int position = 0;
    while (seen < CHAINS) {
      int phase = interrupted.getPhase();
      int before = position;
      int wanted = 1 + random.nextInt(SIZE);
      while (sent < CHAINS && inFlight < wanted) {
        long at = BUFFER + 16L * (sent % (2 * SIZE));
        memory.writeU64(at, sent);
        sizes[sent] = inFlight + 2 <= SIZE ? 1 + (sent & 1) : 1;
        if (sizes[sent] == 1) {
          ring.send(1, at, 8);
        } else {
          ring.send(1, at, 8, at + 8, 8);
        }
        inFlight += sizes[sent];
        position += sizes[sent];
        sent++;
      }
      VarHandle.fullFence();
      if (position != before && ring.isNotificationWanted(before, position)) {
        notified.arrive();
      }
      ring.wantNextInterrupt();
      VarHandle.fullFence();
      int index = ring.usedIndex();
      if (index == (seen & 0xffff)) {
        if (interrupted.awaitAdvance(phase) < 0) {
          return;
        }
        continue;
      }
      while ((seen & 0xffff) != index) {
        assertThat(ring.usedWritten(seen)).isEqualTo(seen);
        inFlight -= sizes[seen];
        seen++;
      }
    }
  }
}
