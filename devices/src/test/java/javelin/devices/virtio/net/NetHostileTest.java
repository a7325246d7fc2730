package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings of which anything may be in: the device breaks, and after a reset it works. */
@OnBothLayouts
class NetHostileTest {
  private static final long MERGE = 1 << 15;
  private static final int ROUNDS = 60;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Timeout(120)
  void shouldWorkAfterAResetWhateverWasInTheRings(boolean isStream) {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile rings: " + seed + ", stream " + isStream);
    SplittableRandom random = new SplittableRandom(seed);
    try (NetBench net = isStream ? NetBench.stream() : NetBench.tap(1)) {
      for (int round = 0; round < ROUNDS; round++) {
        net.start(random.nextBoolean() ? MERGE : 0, 2);
        for (int i = 0; i < 8; i++) {
          byte[] frame = NetBench.frame(random, 14 + random.nextInt(3000));
          byte[] bytes = isStream ? NetBench.framed(frame) : frame;
          net.bench.syscalls.change(() -> net.peer().arrive(bytes));
          scribble(random, net.rings.get(random.nextInt(2)));
          net.driver.notify(random.nextInt(2));
        }
        net.driver.status(0);
      }
      assertThat(net.bench.problems)
          .as("seed %d", seed)
          .noneMatch(line -> line.contains("Javelin itself"));
      net.start(MERGE, 2).offer(40, 1536);
      byte[] frame = NetBench.frame(random, 900);
      int before = net.peer().written().size();
      net.send(frame);
      net.await(() -> net.peer().written().size() == before + 1);
      assertThat(net.packet()).as("seed %d", seed).hasSizeGreaterThan(NetBench.HEADER);
      assertThat(net.driver.status() & ModelDriver.NEEDS_RESET).as("seed %d", seed).isZero();
    }
  }

  private static void scribble(SplittableRandom random, ModelRing ring) {
    for (int i = 0; i < NetBench.RING; i++) {
      boolean isSane = random.nextInt(4) > 0;
      long address = isSane ? 0x10_0000 + random.nextInt(0x20_0000) : random.nextLong();
      long length = isSane ? 1 + random.nextInt(4096) : random.nextInt(VirtioBench.RAM);
      int flags = isSane ? random.nextInt(4) : random.nextInt(8);
      ring.descriptor(i, address, length, flags, random.nextInt(isSane ? NetBench.RING : 65536));
    }
    for (int i = random.nextInt(6); i >= 0; i--) {
      ring.offer(random.nextInt(random.nextInt(8) == 0 ? 65536 : NetBench.RING));
    }
    if (random.nextInt(16) == 0) {
      ring.claim(random.nextInt(65536));
    }
  }
}
