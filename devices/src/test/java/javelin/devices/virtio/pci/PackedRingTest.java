package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.bench.EchoDevice;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.PackedModelRing;
import javelin.devices.virtio.bench.SplitModelRing;
import javelin.devices.virtio.bench.VirtioBench;
import org.junit.jupiter.api.Test;

/** What the feature of packed rings changes in the registers. */
class PackedRingTest {
  private static final int COMMON = ModelDriver.COMMON;
  private static final long VERSION_1 = ModelDriver.VERSION_1;
  private static final long PACKED = ModelDriver.RING_PACKED;

  private static void request(VirtioBench bench, ModelDriver driver, ModelRing ring) {
    bench.memory.writeU64(0x10_0000, 77);
    ring.send(1, 0x10_0000, 8, 0x10_1000, 8);
    driver.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
    assertThat(bench.memory.readU64(0x10_1000)).isEqualTo(77);
  }

  @Test
  void shouldTakeASizeThatIsNoPowerOfTwo() {
    try (VirtioBench bench = new VirtioBench(machine -> new EchoDevice(1))) {
      ModelDriver driver = bench.driver();
      assertThat(driver.negotiate(VERSION_1 | PACKED)).isTrue();
      ModelRing ring = new PackedModelRing(bench.memory, 0x1_0000, 5);
      driver.queue(0, ring);
      assertThat(driver.read(COMMON, 0x18, 2)).isEqualTo(5);
      driver.ready();
      request(bench, driver, ring);
    }
  }

  @Test
  void shouldTakePowersOfTwoOnlyBeforeAndWithoutIt() {
    try (VirtioBench bench = new VirtioBench(machine -> new EchoDevice(1))) {
      ModelDriver driver = bench.driver();
      driver.write(COMMON, 0x08, 4, 1);
      driver.write(COMMON, 0x0c, 4, PACKED >>> 32);
      driver.write(COMMON, 0x18, 2, 5);
      assertThat(driver.read(COMMON, 0x18, 2)).as("may change yet").isEqualTo(16);
      assertThat(driver.negotiate(VERSION_1)).isTrue();
      driver.write(COMMON, 0x18, 2, 5);
      assertThat(driver.read(COMMON, 0x18, 2)).isEqualTo(16);
      ModelRing ring = new SplitModelRing(bench.memory, 0x1_0000, 8);
      driver.queue(0, ring);
      driver.ready();
      request(bench, driver, ring);
    }
  }

  @Test
  void shouldRefuseItWhenItIsWithheld() {
    try (VirtioBench bench =
        new VirtioBench(machine -> new EchoDevice(1), VirtioFeature.RING_PACKED)) {
      ModelDriver driver = bench.driver();
      assertThat(driver.offered() & PACKED).isZero();
      assertThat(driver.offered() & VERSION_1).isNotZero();
      assertThat(driver.negotiate(VERSION_1 | PACKED)).isFalse();
      driver.status(0);
      assertThat(driver.negotiate(VERSION_1)).isTrue();
    }
  }
}
