package javelin.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Resets at any moment: once one is over, nothing of before is written to guest RAM any more. */
@OnBothLayouts
class ResetStressTest {
  private static final int ROUNDS = 150;
  private static final int REQUESTS = 12;

  @Test
  @Timeout(60)
  void shouldLeaveGuestRamAloneAfterEachReset() throws InterruptedException {
    long seed = System.nanoTime();
    System.out.println("seed of the resets: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    byte[] ones = new byte[1 << 16];
    Arrays.fill(ones, (byte) 0x11);
    AtomicBoolean isOver = new AtomicBoolean();
    try (VirtioBench bench =
        new VirtioBench(
            machine -> {
              machine.syscalls.file("/disk", ones);
              Fd fd = machine.linux.open("/disk", Linux.O_RDWR);
              return new VirtioBlk(new RawDisk(fd, false), "", 1);
            })) {
      ModelDriver driver = bench.driver();
      Thread other =
          new Thread(
              () -> {
                while (!isOver.get()) {
                  driver.config(0, 4);
                  driver.mask(0);
                  driver.unmask(0);
                }
              },
              "another vCPU");
      other.start();
      for (int round = 0; round < ROUNDS; round++) {
        ModelRing ring = driver.start(ModelDriver.EVENT_IDX | VirtioBlk.FLUSH, 64);
        bench.memory.writeU32(BlkDriver.HEADER, BlkDriver.IN);
        bench.memory.writeU64(BlkDriver.HEADER + 8, 0);
        for (int i = 0; i < REQUESTS; i++) {
          ring.send(1, BlkDriver.HEADER, 16, BlkDriver.DATA, 32768, BlkDriver.STATUS, 1);
        }
        driver.write(ModelDriver.NOTIFY, 0, 2, 0);
        for (int spin = random.nextInt(20_000); spin > 0; spin--) {
          Thread.onSpinWait();
        }
        driver.status(0);
        int used = ring.usedIndex();
        bench.memory.fill(BlkDriver.DATA, 32768, 0);
        bench.memory.writeU8(BlkDriver.STATUS, BlkDriver.NO_STATUS);
        bench.settle();
        assertThat(ring.usedIndex()).as("seed %d", seed).isEqualTo(used);
        assertThat(bench.memory.readU64(BlkDriver.DATA)).as("seed %d", seed).isZero();
        assertThat(bench.memory.readU8(BlkDriver.STATUS)).isEqualTo(BlkDriver.NO_STATUS);
      }
      isOver.set(true);
      other.join();
      assertThat(bench.problems).isEmpty();
    }
  }
}
