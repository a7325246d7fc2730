package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.RingLayout;
import org.junit.jupiter.api.Test;

/**
 * Chains of any shape, ended in any order and in batches of any length, come back once each under
 * their own names, with the lengths that the device gave.
 */
@OnBothLayouts
class RingPropertyTest extends RamTestBench {
  private static final int ROUNDS = 300;
  private static final int STEPS = 200;

  private final SplittableRandom random;
  private final long seed = System.nanoTime();
  private ModelRing ring;

  /** What the driver has sent and not seen back, by the chain's name. */
  private final Map<Integer, Sent> sent = new HashMap<>();

  /** What the device has, by the names of its own. */
  private final List<Taken> taken = new ArrayList<>();

  /** What comes back next, in this order. */
  private final List<Taken> completed = new ArrayList<>();

  private int descriptorsInFlight;
  private int returned;

  /** A chain as the driver made it. */
  private record Sent(long number, long readable, long writable, int descriptors) {}

  /** A chain as the device found it. */
  private record Taken(int head, long number, long written) {}

  RingPropertyTest() {
    System.out.println("seed of the chains: " + seed);
    random = new SplittableRandom(seed);
  }

  @Test
  void shouldReturnEachChainOnceUnderItsNameWhateverItsShape() {
    long number = 0;
    for (int round = 0; round < ROUNDS; round++) {
      ring = ModelRing.of(memory, RING, SIZE);
      Virtqueue queue = RingLayout.current().queue(memory, ring, true, random.nextBoolean());
      sent.clear();
      taken.clear();
      completed.clear();
      descriptorsInFlight = 0;
      returned = 0;
      for (int step = 0; step < STEPS; step++) {
        switch (random.nextInt(4)) {
          case 0 -> send(++number);
          case 1 -> take(queue);
          case 2 -> complete(queue);
          default -> {
            queue.publish();
            assertThat(queue.hasCompleted()).isFalse();
            queue.wantNotifications();
            receive();
          }
        }
        assertThat(queue.problem()).as("seed %d", seed).isNull();
      }
    }
    assertThat(number).isGreaterThan(ROUNDS);
  }

  private void send(long number) {
    int readable = 1 + random.nextInt(2);
    int count = readable + random.nextInt(3);
    boolean isIndirect = random.nextInt(3) == 0;
    int descriptors = isIndirect ? 1 : count;
    if (descriptorsInFlight + descriptors > SIZE) {
      return;
    }
    long[] buffers = new long[2 * count];
    long at = BUFFER + 0x1000 * (number % 64);
    memory.writeU64(at, number);
    long[] sums = new long[2];
    for (int i = 0; i < count; i++) {
      long length = 8L + random.nextInt(100);
      buffers[2 * i] = at;
      buffers[2 * i + 1] = length;
      sums[i < readable ? 0 : 1] += length;
      at += length;
    }
    int head = isIndirect ? sendTable(number, readable, buffers) : ring.send(readable, buffers);
    descriptorsInFlight += descriptors;
    assertThat(sent.put(head, new Sent(number, sums[0], sums[1], descriptors))).isNull();
  }

  private int sendTable(long number, int readable, long[] buffers) {
    long table = TABLE + 0x100 * (number % 64);
    int count = buffers.length / 2;
    for (int i = 0; i < count; i++) {
      int flags = (i < readable ? 0 : ModelRing.WRITE) | (i + 1 < count ? ModelRing.NEXT : 0);
      ring.descriptorAt(table + 16L * i, buffers[2 * i], buffers[2 * i + 1], flags, i + 1);
    }
    return ring.sendTable(table, count);
  }

  private void take(Virtqueue queue) {
    boolean isThere = queue.hasNext();
    assertThat(queue.next(chain)).as("seed %d", seed).isEqualTo(isThere);
    if (!isThere) {
      assertThat(taken.size() + completed.size()).as("seed %d", seed).isEqualTo(sent.size());
      return;
    }
    long number = memory.readU64(guest(chain.readable().firstBase()));
    Sent found =
        sent.values().stream().filter(one -> one.number() == number).findFirst().orElseThrow();
    assertThat(chain.readable().bytes()).as("seed %d", seed).isEqualTo(found.readable());
    assertThat(chain.writable().bytes()).as("seed %d", seed).isEqualTo(found.writable());
    taken.add(new Taken(chain.head(), number, random.nextLong(found.writable() + 1)));
  }

  private void complete(Virtqueue queue) {
    if (!taken.isEmpty()) {
      Taken one = taken.remove(random.nextInt(taken.size()));
      queue.complete(one.head(), one.written());
      completed.add(one);
      assertThat(queue.hasCompleted()).isTrue();
    }
  }

  private void receive() {
    assertThat(ring.usedIndex()).as("seed %d", seed).isEqualTo(returned + completed.size());
    for (Taken one : completed) {
      Sent known = sent.remove(ring.usedHead(returned));
      assertThat(known).as("seed %d", seed).isNotNull();
      assertThat(known.number()).as("seed %d", seed).isEqualTo(one.number());
      assertThat(ring.usedWritten(returned)).as("seed %d", seed).isEqualTo(one.written());
      descriptorsInFlight -= known.descriptors();
      returned++;
    }
    completed.clear();
  }
}
