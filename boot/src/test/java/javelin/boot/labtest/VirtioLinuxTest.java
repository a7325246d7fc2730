package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.BalloonSpec;
import javelin.boot.machine.ConsoleSpec;
import javelin.boot.machine.DiskSpec;
import javelin.boot.machine.RngSpec;
import javelin.boot.machine.VirtioSpecs;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A stock Linux guest on Javelin's virtio devices. */
@Tag("lab")
@Timeout(600)
final class VirtioLinuxTest {
  private static final int DISK_MIB = 64;

  private static final int GUEST_MIB = 256;
  private static final int BALLOON_MIB = 96;

  /** Random bytes that are written again and again: making them is slow in an emulated guest. */
  private static final int PIECE_BYTES = 8 << 20;

  private static final List<String> DRIVERS =
      List.of("virtio_pci", "virtio_blk", "virtio_rng", "virtio_balloon", "crc32c_generic", "ext4");

  @TempDir Path folder;

  private LabKernel kernel;
  private Path initramfs;
  private Path image;
  private Launcher launcher;

  @BeforeEach
  void prepare() throws Exception {
    launcher = new Launcher(folder);
    kernel = LabKernel.of(LinuxGuest.kernel());
    Map<String, byte[]> modules = kernel.modulesInOrder(DRIVERS, List.of());
    initramfs = LinuxGuest.writeInitramfs(folder.resolve("initramfs.cpio"), modules);
    image = folder.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength((long) DISK_MIB << 20);
    }
  }

  @AfterEach
  void endWhatIsLeft() throws Exception {
    launcher.endAll();
  }

  private LinuxGuest boot(String disk, int cpus) throws InterruptedException {
    VirtioSpecs specs = new VirtioSpecs(List.of(DiskSpec.parse(image + disk)), RngSpec.parse(""));
    return new LinuxGuest(kernel.image(), initramfs, config -> config.cpus(cpus).virtio(specs))
        .ready();
  }

  private static void switchOff(LinuxGuest guest) throws Exception {
    guest.type("off");
    assertThat(guest.stopReason()).as(guest.console()).isEqualTo(new StopReason.PoweredOff());
  }

  @Test
  void shouldShareADisksBytesWithTheHostBothWays() throws Exception {
    byte[] piece = new byte[1 << 20];
    new Random(1).nextBytes(piece);
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      for (int i = 0; i < DISK_MIB; i++) {
        piece[0] = (byte) i;
        file.write(piece);
      }
    }
    String written = Sha256.of(image);
    try (LinuxGuest guest = boot(",serial=javelin-1,queues=2", 2)) {
      assertThat(guest.shell("cat /sys/block/vda/serial")).isEqualTo("javelin-1");
      assertThat(guest.shell("ls /sys/block/vda/mq | wc -l")).isEqualTo("2");
      assertThat(guest.shell("cat /sys/bus/pci/devices/0000:00:01.0/msi_irqs/* | sort -u"))
          .isEqualTo("msix");
      assertThat(guest.shell("cat /sys/block/vda/queue/write_cache")).isEqualTo("write back");

      String read = "dd if=/dev/vda bs=1M iflag=direct 2> /dev/null | sha256sum";
      assertThat(guest.shell(read)).startsWith(written);
      long exits = guest.mmioExits();
      assertThat(guest.shell(read)).startsWith(written);
      assertThat(guest.mmioExits() - exits).as("exits while 64 MiB were read").isZero();

      guest.shell("dd if=/dev/vda of=/dev/vda bs=1M skip=32 count=16 oflag=direct conv=notrunc");
      String digest = guest.shell(read);
      switchOff(guest);
      assertThat(digest).doesNotContain(written).startsWith(Sha256.of(image));
    }
  }

  @Test
  void shouldFeedTheGuestRandomBytes() throws Exception {
    try (LinuxGuest guest = boot("", 1)) {
      String node = "/sys/class/misc/hw_random/";
      assertThat(guest.shell("cat " + node + "rng_available")).contains("virtio_rng.0");
      guest.shell("echo virtio_rng.0 > " + node + "rng_current");
      String bytes = "dd if=/dev/hwrng bs=32 count=1 2> /dev/null | od -An -tx1";
      assertThat(guest.shell(bytes)).hasSizeGreaterThan(64).isNotEqualTo(guest.shell(bytes));
      switchOff(guest);
    }
  }

  @Test
  void shouldRefuseWritesToADiskThatMayOnlyBeRead() throws Exception {
    String before = Sha256.of(image);
    try (LinuxGuest guest = boot(",readonly=on", 1)) {
      assertThat(guest.shell("cat /sys/block/vda/ro")).isEqualTo("1");
      assertThat(guest.shell("dd if=/dev/urandom of=/dev/vda bs=4k count=1 2>&1 || true"))
          .containsIgnoringCase("not permitted");
      switchOff(guest);
    }
    assertThat(Sha256.of(image)).isEqualTo(before);
  }

  /** Killed while it writes: what it had flushed is there, and the file system is whole. */
  @Test
  void shouldKeepWhatWasFlushedWhenKilledInTheMiddleOfWriting() throws Exception {
    assumeTrue(HostSays.has("mke2fs") && HostSays.has("e2fsck"), "e2fsprogs is not installed");
    assertThat(HostSays.of("mke2fs -q -F -t ext4 " + image + " && echo WELL")).endsWith("WELL\n");
    Launcher.Run victim = launcher.start("victim", run());
    victim.await("READY");
    victim.type(
        """
            mkdir /mnt; mount -t ext4 /dev/vda /mnt; \
            i=0; while true; do i=$((i+1)); dd if=/dev/urandom of=/mnt/f$i bs=4k count=8 2> /dev/null; \
            sync; echo SYNCED $i $(sha256sum < /mnt/f$i); done
            """);
    victim.await("SYNCED 13 "); // so that the line before is whole
    victim.kill();
    victim.exitCode();

    String check = HostSays.of("e2fsck -p " + image + "; echo CODE $?");
    assertThat(check).containsPattern("CODE [01]\n"); // 1: its journal was replayed
    assertThat(HostSays.of("e2fsck -fn " + image + "; echo CODE $?")).contains("CODE 0\n");
    try (LinuxGuest guest = boot(",readonly=on", 1)) {
      guest.shell("mkdir /mnt; mount -t ext4 -o ro /dev/vda /mnt");
      Matcher synced = Pattern.compile("SYNCED (\\d+) ([0-9a-f]{64})").matcher(victim.output());
      int files = 0;
      for (; synced.find(); files++) {
        assertThat(guest.shell("sha256sum < /mnt/f" + synced.group(1))).startsWith(synced.group(2));
      }
      assertThat(files).isGreaterThanOrEqualTo(12);
      switchOff(guest);
    }
  }

  @Test
  void shouldRunOnARootFileSystemOnItsDisk() throws Exception {
    assumeTrue(HostSays.has("mke2fs") && HostSays.has("e2fsck"), "e2fsprogs is not installed");
    Path root = Files.createDirectory(folder.resolve("root"));
    LinuxGuest.writeRoot(root);
    String make = "mke2fs -q -F -t ext4 -d " + root + " " + image + " && echo WELL";
    assertThat(HostSays.of(make)).endsWith("WELL\n");
    try (LinuxGuest guest = boot("", 2)) {
      guest.shell("mkdir /root; mount -t ext4 /dev/vda /root");
      guest.type("exec switch_root /root /sbin/init");
      guest.await("FACTS", 2);
      guest.await("READY", 3);
      assertThat(guest.shell("grep ' / ' /proc/mounts")).contains("/dev/vda / ext4 rw");
      guest.shell("cp /bin/busybox /copy; sync; cmp /bin/busybox /copy; mount -o remount,ro /");
      switchOff(guest);
    }
    assertThat(HostSays.of("e2fsck -fn " + image + "; echo CODE $?")).contains("CODE 0\n");
    Path copy = folder.resolve("copy");
    HostSays.of("debugfs -R 'dump /copy " + copy + "' " + image);
    assertThat(Sha256.of(copy)).isEqualTo(Sha256.of(root.resolve("bin/busybox")));
  }

  @Test
  void shouldCopyAGibibyteBothWays() throws Exception {
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(1L << 30);
    }
    int pieces = (1 << 30) / PIECE_BYTES;
    try (LinuxGuest guest = boot(",aio=uring", 2)) {
      guest.shell("dd if=/dev/urandom of=/piece bs=64k count=" + (PIECE_BYTES >> 16));
      guest.shell(
          "for i in $(seq "
              + pieces
              + "); do cat /piece; done | dd of=/dev/vda bs=1M iflag=fullblock oflag=direct");
      String read = guest.shell("dd if=/dev/vda bs=1M iflag=direct 2> /dev/null | md5sum");
      String piece = guest.shell("sha256sum < /piece");
      switchOff(guest);
      MessageDigest all = MessageDigest.getInstance("MD5");
      try (InputStream in = Files.newInputStream(image)) {
        byte[] first = in.readNBytes(PIECE_BYTES);
        assertThat(piece).startsWith(Sha256.of(first));
        all.update(first);
        for (int i = 1; i < pieces; i++) {
          byte[] next = in.readNBytes(PIECE_BYTES);
          assertThat(Arrays.equals(first, next)).as("piece %d", i).isTrue();
          all.update(next);
        }
      }
      assertThat(read).startsWith(HexFormat.of().formatHex(all.digest()));
    }
  }

  @Test
  void shouldGiveMemoryBackAndTakeItAgain() throws Exception {
    VirtioSpecs specs =
        new VirtioSpecs(List.of(), null, List.of(), ConsoleSpec.NONE, BalloonSpec.parse(""));
    try (LinuxGuest guest =
        new LinuxGuest(kernel.image(), initramfs, config -> config.virtio(specs)).ready()) {
      guest.shell("dd if=/dev/zero of=/fill bs=1M count=" + BALLOON_MIB + "; rm /fill");
      long free = freeKib(guest);

      guest.balloon().resize(BALLOON_MIB + "M");
      awaitBalloon(guest, BALLOON_MIB);
      assertThat(free - freeKib(guest)).isBetween(BALLOON_MIB * 900L, BALLOON_MIB * 1100L);
      assertThat(memfdKib()).isLessThan((GUEST_MIB - BALLOON_MIB) * 1024L);

      guest.balloon().resize("0");
      awaitBalloon(guest, 0);
      assertThat(freeKib(guest)).isGreaterThan(free - BALLOON_MIB * 100L);
      guest.shell("dd if=/dev/zero of=/fill bs=1M count=" + BALLOON_MIB + "; rm /fill");
      switchOff(guest);
    }
  }

  private static long freeKib(LinuxGuest guest) throws InterruptedException {
    return Long.parseLong(guest.shell("awk '/^MemFree:/ {print $2}' /proc/meminfo"));
  }

  private static void awaitBalloon(LinuxGuest guest, int mebibytes) throws InterruptedException {
    String reached = "balloon: %1$dM of %1$dM ".formatted(mebibytes);
    String said = "";
    for (int tries = 0; tries < 100 && !said.startsWith(reached); tries++) {
      Thread.sleep(200);
      said = String.join("\n", guest.balloon().newReport(1000));
    }
    assertThat(said).startsWith(reached).contains(" free");
  }

  /** What this process, and so the guest's RAM, holds in memory files. */
  private static long memfdKib() {
    String blocks =
        HostSays.of(
            "for f in /proc/"
                + ProcessHandle.current().pid()
                + "/fd/*; do case $(readlink $f) in /memfd:*) stat -Lc %b $f;; esac; done");
    return blocks.lines().mapToLong(Long::parseLong).sum() / 2;
  }

  private List<String> run() {
    return List.of(
        "run",
        "--kernel",
        kernel.image().toString(),
        "--initrd",
        initramfs.toString(),
        "--append",
        "console=ttyS0 quiet",
        "--memory",
        "256M",
        "--disk",
        image.toString());
  }
}
