package javelin.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests that are in flight while others come, end out of order, and are there at a reset. */
@OnBothLayouts
class LateRequestTest {
  private static final int SIZE = 16;

  private final LateBackend disk = new LateBackend();
  private final VirtioBench bench = new VirtioBench(machine -> new VirtioBlk(disk, "", 1));
  private final ModelDriver driver = bench.driver();
  private final ModelRing ring = driver.start(VirtioBlk.FLUSH, SIZE);

  @AfterEach
  void close() {
    bench.close();
  }

  /** Request {@code number}: a read of one sector, with a header and a status of its own. */
  private int send(int number) {
    long header = BlkDriver.HEADER + 0x20L * number;
    bench.memory.writeU32(header, BlkDriver.IN);
    bench.memory.writeU64(header + 8, number);
    bench.memory.writeU8(status(number), BlkDriver.NO_STATUS);
    return ring.send(1, header, 16, BlkDriver.DATA + 0x1000L * number, 512, status(number), 1);
  }

  private static long status(int number) {
    return BlkDriver.HEADER + 0x20L * number + 16;
  }

  @Test
  void shouldEndRequestsInAnyOrderWithOneInterruptForABatch() {
    int[] heads = new int[4];
    for (int i = 0; i < 4; i++) {
      heads[i] = send(i);
    }
    driver.notify(0);
    assertThat(disk.waiting()).isEqualTo(4);
    assertThat(ring.usedIndex()).isZero();
    assertThat(bench.memory.readU8(status(3))).isEqualTo(BlkDriver.NO_STATUS);
    disk.end(2);
    bench.settle();
    assertThat(ring.usedIndex()).isEqualTo(2);
    assertThat(ring.usedHead(0)).isEqualTo(heads[3]);
    assertThat(ring.usedHead(1)).isEqualTo(heads[2]);
    assertThat(ring.usedWritten(0)).isEqualTo(513);
    assertThat(bench.memory.readU8(status(3))).isZero();
    assertThat(bench.memory.readU8(status(0))).isEqualTo(BlkDriver.NO_STATUS);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(0xfee0_0000L, 0));
    send(2);
    driver.notify(0);
    assertThat(disk.waiting()).isEqualTo(3);
    disk.end(3);
    bench.settle();
    assertThat(ring.usedIndex()).isEqualTo(5);
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldWaitForAllThatIsInFlightWhenItIsReset() {
    for (int i = 0; i < 3; i++) {
      send(i);
    }
    driver.notify(0);
    assertThat(disk.waiting()).isEqualTo(3);
    driver.status(0);
    assertThat(disk.waiting()).isZero();
    assertThat(disk.drains()).isEqualTo(1);
    assertThat(driver.status()).isZero();
    ModelRing next = driver.start(0, 4);
    bench.memory.writeU32(BlkDriver.HEADER, BlkDriver.FLUSH);
    next.send(1, BlkDriver.HEADER, 16, BlkDriver.STATUS, 1);
    driver.notify(0);
    disk.end(1);
    bench.settle();
    assertThat(next.usedIndex()).isEqualTo(1);
    assertThat(bench.memory.readU8(BlkDriver.STATUS)).isEqualTo(BlkDriver.OK);
  }

  @Test
  void shouldEndWhatIsInFlightWhenTheRingBreaks() {
    send(0);
    ring.send(1, BlkDriver.HEADER, 0);
    driver.notify(0);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(disk.waiting()).isZero();
  }
}
