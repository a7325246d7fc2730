package javelin.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks on files of this host, and what a block device says of itself. */
class RawDiskTest {
  private static final int LENGTH = 1 << 20;

  @TempDir Path folder;

  @Test
  void shouldReadAndWriteARealFile() throws IOException {
    byte[] contents = new byte[LENGTH];
    SplittableRandom random = new SplittableRandom(3);
    random.nextBytes(contents);
    Path file = Files.write(folder.resolve("disk.img"), contents);
    try (VirtioBench bench =
        new VirtioBench(
            machine ->
                new VirtioBlk(
                    new RawDisk(Linux.system().open(file.toString(), Linux.O_RDWR), false),
                    "",
                    1))) {
      BlkDriver driver = new BlkDriver(bench, VirtioBlk.FLUSH);
      byte[] bytes = new byte[64 << 10];
      byte[] found = new byte[64 << 10];
      for (int i = 0; i < 100; i++) {
        int length = 512 * (1 + random.nextInt(128));
        int sector = random.nextInt((LENGTH - length) / 512 + 1);
        if (random.nextBoolean()) {
          random.nextBytes(bytes);
          bench.memory.write(BlkDriver.DATA, bytes, 0, length);
          assertThat(driver.write(sector, length)).isEqualTo(BlkDriver.OK);
          System.arraycopy(bytes, 0, contents, sector * 512, length);
        } else {
          assertThat(driver.read(sector, length)).isEqualTo(BlkDriver.OK);
          bench.memory.read(BlkDriver.DATA, found, 0, length);
          assertThat(Arrays.equals(found, 0, length, contents, sector * 512, sector * 512 + length))
              .as("%d bytes at sector %d", length, sector)
              .isTrue();
        }
      }
      assertThat(driver.plain(BlkDriver.FLUSH)).isEqualTo(BlkDriver.OK);
      assertThat(driver.range(BlkDriver.WRITE_ZEROES, 5, 9, 0)).isEqualTo(BlkDriver.OK);
      Arrays.fill(contents, 5 * 512, 14 * 512, (byte) 0);
      assertThat(driver.range(BlkDriver.WRITE_ZEROES, 100, 64, 1)).isEqualTo(BlkDriver.OK);
      Arrays.fill(contents, 100 * 512, 164 * 512, (byte) 0);
      // Not every file system has holes.
      if (driver.range(BlkDriver.DISCARD, 200, 48, 0) == BlkDriver.OK) {
        Arrays.fill(contents, 200 * 512, 248 * 512, (byte) 0);
      }
      assertThat(bench.problems).isEmpty();
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(contents);
  }

  private static long put(long address, int value) {
    new UnsafeBuffer(address, Integer.BYTES).putInt(0, value);
    return 0;
  }

  @Test
  void shouldTakeItsBlockSizesFromABlockDevice() {
    try (FakeSyscalls syscalls = new FakeSyscalls()) {
      syscalls.file("/dev/disk", new byte[8192]);
      syscalls.onIoctl(0x1268, (fd, at) -> put(at, 4096)).onIoctl(0x127b, (fd, at) -> put(at, 512));
      try (RawDisk disk = new RawDisk(new Linux(syscalls).open("/dev/disk", 0), true)) {
        assertThat(disk.length()).isEqualTo(8192);
        assertThat(disk.logicalBlock()).isEqualTo(4096);
        assertThat(disk.physicalBlock()).isEqualTo(4096);
      }
      syscalls.onIoctl(0x1268, (fd, at) -> put(at, 0)).onIoctl(0x127b, (fd, at) -> put(at, -512));
      try (RawDisk disk = new RawDisk(new Linux(syscalls).open("/dev/disk", 0), true)) {
        assertThat(disk.logicalBlock()).as("nonsense").isEqualTo(512);
        assertThat(disk.physicalBlock()).isEqualTo(4096);
      }
      assertThat(syscalls.openFds()).isEmpty();
    }
  }

  @Test
  void shouldCloseTheFileWhenItHasNoLength() {
    try (FakeSyscalls syscalls = new FakeSyscalls()) {
      syscalls.file("/pipe", new byte[0]).failAlways("lseek", Errno.ESPIPE);
      Linux linux = new Linux(syscalls);
      assertThatThrownBy(() -> new RawDisk(linux.open("/pipe", 0), true))
          .hasMessage("lseek /pipe: ESPIPE (illegal seek)");
      assertThat(syscalls.openFds()).isEmpty();
    }
  }
}
