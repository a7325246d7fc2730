package javelin.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A disk of 64 sectors on a faked file. */
@OnBothLayouts
class VirtioBlkTest {
  private static final int SECTORS = 64;
  private static final String DISK = "/disk";
  private static final String SERIAL = "javelin-0";

  private final byte[] contents = new byte[SECTORS * 512];
  private VirtioBench bench;

  private BlkDriver start(long features, boolean isReadOnly, int queues) {
    new SplittableRandom(1).nextBytes(contents);
    bench =
        new VirtioBench(
            machine -> {
              machine.syscalls.file(DISK, contents);
              Fd fd = machine.linux.open(DISK, isReadOnly ? Linux.O_RDONLY : Linux.O_RDWR);
              machine.syscalls.fail("ioctl", 1, Errno.ENOTTY).fail("ioctl", 2, Errno.ENOTTY);
              return new VirtioBlk(new RawDisk(fd, isReadOnly), SERIAL, queues);
            });
    return new BlkDriver(bench, features);
  }

  private BlkDriver start() {
    return start(VirtioBlk.FLUSH, false, 1);
  }

  @AfterEach
  void close() {
    if (bench != null) {
      bench.close();
    }
  }

  private byte[] ram(long address, int length) {
    byte[] bytes = new byte[length];
    bench.memory.read(address, bytes, 0, length);
    return bytes;
  }

  private byte[] disk(int sector, int length) {
    return Arrays.copyOfRange(
        bench.syscalls.fileContents(DISK), sector * 512, sector * 512 + length);
  }

  @Test
  void shouldDescribeTheDisk() {
    ModelDriver driver = start(0, false, 4).driver;
    assertThat(driver.config(0x02, 2)).isEqualTo(0x1042);
    assertThat(driver.config(0x08, 4) >>> 8).as("class").isEqualTo(0x018000);
    assertThat(driver.offered() & 0xffff_ffffL & ~(3L << 28))
        .isEqualTo(
            VirtioBlk.SEG_MAX
                | VirtioBlk.BLK_SIZE
                | VirtioBlk.FLUSH
                | VirtioBlk.TOPOLOGY
                | VirtioBlk.MQ
                | VirtioBlk.DISCARD
                | VirtioBlk.WRITE_ZEROES);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 8)).as("capacity").isEqualTo(SECTORS);
    assertThat(driver.read(ModelDriver.DEVICE, 12, 4)).as("seg_max").isEqualTo(510);
    assertThat(driver.read(ModelDriver.DEVICE, 20, 4)).as("blk_size").isEqualTo(512);
    assertThat(driver.read(ModelDriver.DEVICE, 24, 1)).as("physical block exp").isEqualTo(3);
    assertThat(driver.read(ModelDriver.DEVICE, 26, 2)).as("min_io_size").isEqualTo(8);
    assertThat(driver.read(ModelDriver.DEVICE, 34, 2)).as("num_queues").isEqualTo(4);
    assertThat(driver.read(ModelDriver.DEVICE, 36, 4)).as("discard").isEqualTo(1 << 22);
    assertThat(driver.read(ModelDriver.DEVICE, 48, 4)).as("zeroes").isEqualTo(1 << 15);
    assertThat(driver.vectors()).isEqualTo(5);
  }

  @Test
  void shouldReadStraightIntoTheBuffers() {
    BlkDriver driver = start();
    assertThat(driver.readInTwo(3, 100, 924)).isEqualTo(BlkDriver.OK);
    assertThat(ram(BlkDriver.DATA, 100)).isEqualTo(disk(3, 100));
    assertThat(ram(BlkDriver.DATA + 0x1_0000, 924))
        .isEqualTo(Arrays.copyOfRange(contents, 3 * 512 + 100, 5 * 512));
    assertThat(driver.written()).isEqualTo(1025);
    assertThat(bench.syscalls.calls("preadv")).hasSize(1);
    assertThat(driver.read(SECTORS - 1, 512)).isEqualTo(BlkDriver.OK);
    assertThat(ram(BlkDriver.DATA, 512)).isEqualTo(disk(SECTORS - 1, 512));
  }

  @Test
  void shouldTakeAnyLayoutOfARequest() {
    BlkDriver driver = start();
    assertThat(driver.readLaidOutOddly(9, 1024)).isEqualTo(BlkDriver.OK);
    assertThat(ram(BlkDriver.DATA, 1024)).isEqualTo(disk(9, 1024));
  }

  @Test
  void shouldWriteAndFlush() {
    BlkDriver driver = start();
    byte[] bytes = new byte[2048];
    new SplittableRandom(2).nextBytes(bytes);
    assertThat(driver.write(10, bytes)).isEqualTo(BlkDriver.OK);
    assertThat(driver.written()).as("the status only").isEqualTo(1);
    assertThat(disk(10, 2048)).isEqualTo(bytes);
    assertThat(disk(9, 512)).isEqualTo(Arrays.copyOfRange(contents, 9 * 512, 10 * 512));
    assertThat(bench.syscalls.calls("fdatasync")).isEmpty();
    assertThat(driver.plain(BlkDriver.FLUSH)).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.calls("fdatasync")).hasSize(1);
  }

  @Test
  void shouldMakeEachWriteDurableWhenTheDriverDoesNotFlush() {
    BlkDriver driver = start(0, false, 1);
    assertThat(driver.write(0, new byte[512])).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.calls("fdatasync")).hasSize(1);
    bench.syscalls.fail("fdatasync", 1, Errno.EIO);
    assertThat(driver.write(0, new byte[512])).isEqualTo(BlkDriver.IOERR);
  }

  @Test
  void shouldTellTheSerialNumber() {
    BlkDriver driver = start();
    assertThat(driver.id(20)).isEqualTo(BlkDriver.OK);
    assertThat(new String(ram(BlkDriver.DATA, 20), StandardCharsets.US_ASCII))
        .isEqualTo(SERIAL + "\0".repeat(11));
    assertThat(driver.written()).isEqualTo(21);
    assertThat(driver.id(4)).isEqualTo(BlkDriver.OK);
    assertThat(driver.written()).isEqualTo(5);
  }

  @Test
  void shouldPunchHolesToDiscard() {
    BlkDriver driver = start();
    assertThat(driver.range(BlkDriver.DISCARD, 8, 16, 0)).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.calls("fallocate"))
        .singleElement()
        .asString()
        .endsWith(", 3, 4096, 8192)");
  }

  @Test
  void shouldZeroARangeByTheModeThatTheDriverWants() {
    BlkDriver driver = start();
    assertThat(driver.range(BlkDriver.WRITE_ZEROES, 8, 16, 1)).isEqualTo(BlkDriver.OK);
    assertThat(driver.range(BlkDriver.WRITE_ZEROES, 8, 16, 0)).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.calls("fallocate"))
        .hasSize(2)
        .satisfies(
            calls -> {
              assertThat(calls.get(0)).endsWith(", 3, 4096, 8192)");
              assertThat(calls.get(1)).endsWith(", 17, 4096, 8192)");
            });
  }

  @Test
  void shouldWriteZerosWhenTheHostHasNoCallForThem() {
    BlkDriver driver = start();
    bench.syscalls.failAlways("fallocate", Errno.EOPNOTSUPP);
    assertThat(driver.range(BlkDriver.WRITE_ZEROES, 1, 2, 0)).isEqualTo(BlkDriver.OK);
    assertThat(disk(1, 1024)).containsOnly(0);
    assertThat(disk(3, 512)).isEqualTo(Arrays.copyOfRange(contents, 3 * 512, 4 * 512));
    assertThat(driver.range(BlkDriver.DISCARD, 1, 2, 0)).isEqualTo(BlkDriver.UNSUPP);
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldRefuseRangesThatAreWrong() {
    BlkDriver driver = start();
    assertThat(driver.range(BlkDriver.DISCARD, 0, 1, 1)).isEqualTo(BlkDriver.UNSUPP);
    assertThat(driver.range(BlkDriver.WRITE_ZEROES, 0, 1, 2)).isEqualTo(BlkDriver.UNSUPP);
    assertThat(driver.range(BlkDriver.DISCARD, SECTORS, 1, 0)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.range(BlkDriver.DISCARD, -1, 1, 0)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.range(BlkDriver.DISCARD, 0, 0xffff_ffffL, 0)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.range(BlkDriver.DISCARD, 5, 0, 0)).isEqualTo(BlkDriver.OK);
    assertThat(driver.ranges(BlkDriver.DISCARD, 32)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.ranges(BlkDriver.WRITE_ZEROES, 8)).isEqualTo(BlkDriver.IOERR);
    assertThat(bench.syscalls.calls("fallocate")).isEmpty();
  }

  @Test
  void shouldRefuseRequestsOutsideTheDisk() {
    BlkDriver driver = start();
    assertThat(driver.read(SECTORS, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.written()).as("the status is not at the front").isZero();
    assertThat(driver.read(SECTORS - 1, 1024)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(-1, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(Long.MAX_VALUE, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(1L << 55, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.write(SECTORS, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(0, 511)).as("no whole sector").isEqualTo(BlkDriver.IOERR);
    assertThat(bench.syscalls.calls("preadv")).isEmpty();
    assertThat(bench.syscalls.calls("pwritev")).isEmpty();
    assertThat(bench.syscalls.fileContents(DISK)).isEqualTo(contents);
  }

  @Test
  void shouldRefuseTypesThatItDoesNotKnow() {
    BlkDriver driver = start();
    assertThat(driver.plain(10)).isEqualTo(BlkDriver.UNSUPP);
    assertThat(driver.plain(-1)).isEqualTo(BlkDriver.UNSUPP);
  }

  @Test
  void shouldRefuseWritesWhenTheDiskIsReadOnly() {
    BlkDriver driver = start(VirtioBlk.RO, true, 1);
    assertThat(driver.driver.offered() & (VirtioBlk.RO | VirtioBlk.DISCARD))
        .isEqualTo(VirtioBlk.RO);
    assertThat(driver.write(0, new byte[512])).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.range(BlkDriver.DISCARD, 0, 1, 0)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.range(BlkDriver.WRITE_ZEROES, 0, 1, 0)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(0, 512)).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.fileContents(DISK)).isEqualTo(contents);
  }

  @Test
  void shouldGiveTheGuestAnErrorAndReportItWhenTheHostFails() {
    BlkDriver driver = start();
    bench.syscalls.fail("pwritev", 1, Errno.ENOSPC).fail("preadv", 1, Errno.EIO);
    assertThat(driver.write(2, new byte[1024])).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.read(4, 512)).isEqualTo(BlkDriver.IOERR);
    assertThat(bench.problems)
        .containsExactly(
            "virtio-blk 00:03.0: write of 1024 bytes at 1024:"
                + " ENOSPC (no space left on the device)",
            "virtio-blk 00:03.0: read of 512 bytes at 2048: EIO (input/output error)");
    assertThat(driver.write(2, new byte[1024])).as("and go on").isEqualTo(BlkDriver.OK);
  }

  @Test
  void shouldGoOnWhenTheHostIsInterruptedOrDoesLess() {
    BlkDriver driver = start();
    bench.syscalls.fail("preadv", 1, Errno.EINTR).fail("pwritev", 1, Errno.EINTR);
    bench.syscalls.fail("fdatasync", 1, Errno.EINTR).fail("fallocate", 1, Errno.EINTR);
    assertThat(driver.read(4, 512)).isEqualTo(BlkDriver.OK);
    assertThat(driver.write(4, 512)).isEqualTo(BlkDriver.OK);
    assertThat(driver.plain(BlkDriver.FLUSH)).isEqualTo(BlkDriver.OK);
    assertThat(driver.range(BlkDriver.DISCARD, 1, 1, 0)).isEqualTo(BlkDriver.OK);
    bench.syscalls.file(DISK, Arrays.copyOf(contents, 512 + 100));
    assertThat(driver.read(1, 512)).as("the file was cut").isEqualTo(BlkDriver.IOERR);
    assertThat(ram(BlkDriver.DATA, 100)).isEqualTo(Arrays.copyOfRange(contents, 512, 612));
  }

  @Test
  void shouldFailAllFlushesOnceOneHasFailed() {
    BlkDriver driver = start();
    bench.syscalls.fail("fdatasync", 1, Errno.EIO);
    assertThat(driver.plain(BlkDriver.FLUSH)).isEqualTo(BlkDriver.IOERR);
    assertThat(driver.plain(BlkDriver.FLUSH)).isEqualTo(BlkDriver.IOERR);
    assertThat(bench.syscalls.calls("fdatasync")).hasSize(1);
    assertThat(bench.problems.get(0)).contains("flush: EIO").contains("data may be lost");
  }

  @Test
  void shouldNeedAResetWhenARequestHasNoHeaderOrNoStatus() {
    BlkDriver driver = start();
    driver.ring.send(2, BlkDriver.HEADER, 16, BlkDriver.DATA, 512);
    driver.driver.notify(0);
    assertThat(driver.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    driver.driver.status(0);
    ModelRing ring = driver.driver.start(0, 8);
    ring.send(1, BlkDriver.HEADER, 15, BlkDriver.STATUS, 1);
    driver.driver.notify(0);
    assertThat(driver.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(ring.usedIndex()).isZero();
  }

  @Test
  void shouldThrowNothingAndStayInsideWhenRequestsAreRandom() {
    BlkDriver driver = start();
    long seed = System.nanoTime();
    System.out.println("seed of the hostile requests: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int returned = 0;
    for (int round = 0; round < 300; round++) {
      driver.driver.status(0);
      ModelRing ring = driver.driver.start(VirtioBlk.FLUSH, 16);
      for (int i = 0; i < 8; i++) {
        bench.memory.writeU32(BlkDriver.HEADER + 16L * i, random.nextInt(16));
        bench.memory.writeU64(
            BlkDriver.HEADER + 16L * i + 8,
            random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(SECTORS));
        ring.send(
            random.nextInt(3),
            BlkDriver.HEADER + 16L * i,
            random.nextInt(8) == 0 ? 1 + random.nextInt(32) : 16,
            BlkDriver.DATA,
            512L * (1 + random.nextInt(4)));
      }
      driver.driver.notify(0);
      returned += ring.usedIndex();
      if (ring.usedIndex() < 8) {
        assertThat(driver.driver.status() & ModelDriver.NEEDS_RESET)
            .as("seed %d", seed)
            .isNotZero();
      }
    }
    assertThat(returned).as("seed %d", seed).isPositive();
    assertThat(bench.syscalls.fileContents(DISK)).hasSize(contents.length);
    assertThat(bench.problems).noneMatch(line -> line.contains("Javelin itself"));
  }

  @Test
  void shouldRefuseASerialNumberThatIsTooLong() {
    start();
    try (RawDisk disk = new RawDisk(bench.linux.open(DISK, Linux.O_RDONLY), true)) {
      assertThatThrownBy(() -> new VirtioBlk(disk, "x".repeat(21), 1))
          .hasMessage("a serial number has up to 20 characters");
      assertThatThrownBy(() -> new VirtioBlk(disk, "", 65)).hasMessage("a disk has 1 to 64 queues");
    }
  }
}
