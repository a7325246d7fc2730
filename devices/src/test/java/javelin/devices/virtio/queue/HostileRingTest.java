package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.PackedModelRing;
import javelin.devices.virtio.bench.RingLayout;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Rings full of nonsense: what comes out lies in RAM, or the queue says what is wrong. */
@OnBothLayouts
class HostileRingTest extends RamTestBench {
  private static final int ROUNDS = 20_000;
  private static final int RACES = 8_000;

  private final UnsafeBuffer scratch = new UnsafeBuffer(new byte[64]);

  @Test
  void shouldGiveRangesOfRamOnlyOrBreakWhenTheRingIsRandom() {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile rings: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int served = 0;
    int broken = 0;
    for (int round = 0; round < ROUNDS; round++) {
      ModelRing fresh = ModelRing.of(memory, RING, SIZE);
      fill(fresh, random);
      Virtqueue queue = queue(fresh, random.nextBoolean(), random.nextBoolean());
      for (int i = 0; i < 3 * SIZE && queue.problem() == null; i++) {
        queue.suppressNotifications();
        if (queue.next(chain)) {
          served++;
          use(random);
          queue.complete(chain.head(), random.nextLong());
        }
        queue.publish();
        queue.wantNotifications();
        if (random.nextInt(4) == 0) {
          fresh.claim(random.nextInt(0x10000));
        }
      }
      if (queue.problem() != null) {
        broken++;
        assertThat(queue.next(chain)).isFalse();
      }
    }
    assertThat(served).as("seed %d", seed).isGreaterThan(ROUNDS / 20);
    assertThat(broken).as("seed %d", seed).isGreaterThan(ROUNDS / 20);
  }

  @Test
  @Timeout(240)
  void shouldGiveRangesOfRamOnlyWhenTheRingChangesWhileItIsRead() throws InterruptedException {
    long seed = System.nanoTime();
    System.out.println("seed of the changing rings: " + seed);
    AtomicBoolean isOver = new AtomicBoolean();
    ModelRing shared = ModelRing.of(memory, RING, SIZE);
    Thread guest =
        new Thread(
            () -> {
              SplittableRandom random = new SplittableRandom(seed);
              while (!isOver.get()) {
                descriptors(shared, random);
              }
            },
            "guest");
    guest.start();
    SplittableRandom random = new SplittableRandom(seed + 1);
    int served = 0;
    while (served < RACES) {
      ModelRing fresh = ModelRing.of(memory, RING, SIZE);
      for (int i = 0; i < SIZE; i++) {
        fresh.offer(i);
      }
      Virtqueue queue = queue(fresh, true, random.nextBoolean());
      for (int i = 0; i < SIZE && queue.next(chain); i++) {
        served++;
        use(random);
        queue.complete(chain.head(), 1);
        queue.publish();
      }
    }
    isOver.set(true);
    guest.join();
  }

  private Virtqueue queue(ModelRing of, boolean hasIndirect, boolean hasEventIndex) {
    return RingLayout.current().queue(memory, of, hasIndirect, hasEventIndex);
  }

  private void descriptors(ModelRing target, SplittableRandom random) {
    for (int i = 0; i < SIZE; i++) {
      target.descriptor(i, address(random), length(random), flags(random), next(random));
      target.descriptorAt(
          TABLE + 16L * i, address(random), length(random), flags(random), next(random));
    }
  }

  private void fill(ModelRing fresh, SplittableRandom random) {
    descriptors(fresh, random);
    int chains = random.nextInt(SIZE + 1);
    for (int i = 0; i < chains; i++) {
      fresh.offer(random.nextInt(20) == 0 ? random.nextInt(0x10000) : random.nextInt(SIZE));
    }
    fresh.wantAnything(random.nextInt());
  }

  private static long address(SplittableRandom random) {
    return switch (random.nextInt(12)) {
      case 0 -> random.nextLong();
      case 1 -> RAM - random.nextInt(32);
      case 2, 3 -> TABLE;
      case 4 -> RING + random.nextInt(0x3000);
      default -> random.nextInt(RAM - 0x1000);
    };
  }

  private static long length(SplittableRandom random) {
    return switch (random.nextInt(12)) {
      case 0 -> random.nextLong(1L << 32);
      case 1 -> 0xffff_ffffL;
      case 2 -> 0;
      case 3, 4 -> 16L * random.nextInt(2 * SIZE);
      default -> 1 + random.nextInt(0x1000);
    };
  }

  private static int flags(SplittableRandom random) {
    boolean isAvailable = RingLayout.current() == RingLayout.PACKED && random.nextInt(16) > 0;
    int available = isAvailable ? PackedModelRing.AVAIL : 0;
    return available
        | switch (random.nextInt(8)) {
          case 0 -> random.nextInt(0x10000);
          case 1, 2 -> ModelRing.INDIRECT;
          case 3 -> ModelRing.NEXT;
          case 4 -> ModelRing.NEXT | ModelRing.WRITE;
          default -> ModelRing.WRITE;
        };
  }

  private static int next(SplittableRandom random) {
    return random.nextInt(20) == 0 ? random.nextInt(0x10000) : random.nextInt(SIZE);
  }

  /** Looks at each range by its entry, then reads and writes through the accessors. */
  private void use(SplittableRandom random) {
    assertThat(chain.readable().count() + chain.writable().count()).isBetween(1, SIZE);
    for (IoVector vector : new IoVector[] {chain.readable(), chain.writable()}) {
      UnsafeBuffer entries = new UnsafeBuffer(vector.address(), 16 * vector.count());
      long bytes = 0;
      for (int i = 0; i < vector.count(); i++) {
        long length = entries.getLong(16 * i + 8);
        assertThat(length).isPositive();
        assertThat(memory.contains(guest(entries.getLong(16 * i)), length)).isTrue();
        bytes += length;
      }
      assertThat(vector.bytes()).isEqualTo(bytes);
    }
    chain.readable().read(scratch, 0, random.nextInt(64));
    if (chain.writable().bytes() > 0) {
      assertThat(memory.contains(guest(chain.writable().takeLastByte()), 1)).isTrue();
    }
    chain.writable().write(scratch, 0, random.nextInt(64));
  }
}
