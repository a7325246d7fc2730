package javelin.boot.lab;

import static javelin.boot.guest.QemuGuest.DEBUG_EXIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import javelin.boot.guest.GuestInitramfs;
import javelin.boot.guest.QemuGuest;
import javelin.boot.guest.assign.AssignCheckGuest;
import javelin.devices.virtio.blk.RawDisk;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.model.nvme.NvmeModel;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Javelin's devices in QEMU, which has them by its own client of vfio-user (from 10.1 on; the one
 * that the lab has fetched is newer), with the guest that checks them.
 */
@Timeout(180)
final class VfioUserOnQemuTest {
  private static final String FOLDER = "qemu-trixie-backports";

  private static final String SHARED = "memory-backend-memfd,share=on";

  private final List<String> said = new CopyOnWriteArrayList<>();
  private QemuProgram qemu;

  @TempDir Path folder;

  @BeforeEach
  void findQemu() {
    Path cache = Lab.cache();
    assumeTrue(
        Files.isDirectory(cache.resolve(FOLDER)),
        "skipped: no QEMU with a client of vfio-user; `javelin lab` fetches one");
    qemu = new QemuPackage(new PackageCache(cache), new Apt.Host(), System.err).program();
  }

  private String passing(DeviceModel model, String memory) throws Exception {
    QemuGuest.Run run = run(model, memory);
    assertThat(run.console()).containsPattern("All \\d+ checks passed").doesNotContain("FAILED");
    assertThat(run.exitCode()).isZero();
    return run.console();
  }

  private QemuGuest.Run run(DeviceModel model, String memory) throws Exception {
    return served(
        model,
        device ->
            QemuGuest.run(
                qemu.command(),
                folder,
                AssignCheckGuest.program(QemuGuest.q35()),
                "1",
                "128",
                ram(memory, "128M"),
                DEBUG_EXIT,
                device));
  }

  private static List<String> ram(String memory, String size) {
    return List.of("-object", memory + ",id=ram,size=" + size, "-machine", "memory-backend=ram");
  }

  private interface Runner {
    QemuGuest.Run run(String device) throws Exception;
  }

  private QemuGuest.Run served(DeviceModel model, Runner runner) throws Exception {
    Path socket = folder.resolve("device.sock");
    try (VfioUserServer server =
        VfioUserServer.listen(Linux.system(), socket.toString(), model, List.of(), said::add)) {
      assertThat(server).isNotNull();
      QemuGuest.Run run =
          runner.run(
              "{\"driver\":\"vfio-user-pci\",\"addr\":\"3\",\"socket\":{\"type\":\"unix\",\"path\":\""
                  + socket
                  + "\"}}");
      assertThat(said).isEmpty();
      return run;
    }
  }

  @Test
  void shouldServeEduToQemu() throws Exception {
    assertThat(passing(new EduModel(true), SHARED))
        .contains(
            "00:03.0 1234:11e8 class 00ff00",
            "edu: INTx, level-triggered, 3 in a row",
            "edu: MSI, 3 in a row: ok",
            "edu: DMA, 1024 bytes to the device and back: ok");
  }

  /** Of memory without a file the device gets none: all DMA goes by messages. */
  @Test
  void shouldMoveBytesByMessagesWhereQemuSharesNoMemory() throws Exception {
    assertThat(passing(new EduModel(true), "memory-backend-ram"))
        .contains("edu: DMA, 1024 bytes to the device and back: ok");
  }

  /**
   * As for the kernel's devices, QEMU keeps the command register over a reset of the function and
   * shows no pending bits: what the guest checks of that fails, and nothing else.
   */
  @Test
  void shouldServeMsixVectorsAndMappedMemoryToQemu() throws Exception {
    assertThat(run(new MsixModel(false), SHARED).console())
        .contains(
            "00:03.0 1234:4a58 class 00ff00",
            "extended capabilities (hidden) (serial number): ok",
            "reset: FLR by PCI Express [FAILED: the command register is 0 after it]",
            "MSI-X: 80 vectors, their entries hold address, data and mask: ok",
            "test function: memory BAR: ok",
            "test function: registers, ports, registers beside the MSI-X table: ok",
            "test function: state after the reset: ok",
            "test function: MSI-X, vectors 0 1 63 64 79: ok",
            "[FAILED: pending bit of a masked vector] [FAILED: pending bit of a masked function]",
            "test function: INTx, level-triggered",
            "FAILED: 4 of 119 checks");
  }

  /** Finds the disk, fills it, reads it, discards, resets the controller, and reads again. */
  private static final String NVME_INIT =
      """
      #!/bin/busybox sh
      /bin/busybox --install -s /bin
      mount -t proc proc /proc
      mount -t sysfs sys /sys
      mount -t devtmpfs dev /dev
      for module in $(cat /modules/order); do insmod /modules/$module.ko; done
      n=0; while [ ! -b /dev/nvme0n1 ] && [ $n -lt 100 ]; do usleep 100000; n=$((n + 1)); done
      disk=/sys/block/nvme0n1
      echo "MODEL $(cat $disk/device/model)"
      echo "SECTORS $(cat $disk/size), cache $(cat $disk/queue/write_cache)"
      echo "DISCARD $(cat $disk/queue/discard_max_bytes)"
      for i in 1 2 3 4; do dd if=/dev/urandom bs=1M count=1 2> /dev/null; done > /random
      dd if=/random of=/dev/nvme0n1 bs=1M seek=8 conv=fsync 2> /dev/null; echo "WROTE $?"
      echo 3 > /proc/sys/vm/drop_caches
      dd if=/dev/nvme0n1 bs=1M skip=8 count=4 2> /dev/null | cmp - /random; echo "COMPARED $?"
      blkdiscard -o 8388608 -l 1048576 /dev/nvme0n1; echo "DISCARDED $?"
      echo hello | dd of=/dev/nvme0n1 seek=9 conv=notrunc,fsync 2> /dev/null; echo "HELLO $?"
      echo 1 > /sys/class/nvme/nvme0/reset_controller; echo "RESET $?"
      echo 3 > /proc/sys/vm/drop_caches
      dd if=/dev/nvme0n1 bs=1M skip=9 count=3 2> /dev/null > /back
      dd if=/random bs=1M skip=1 2> /dev/null | cmp - /back; echo "COMPARED AGAIN $?"
      grep nvme0q /proc/interrupts | sed 's/  */ /g'
      dmesg | grep -i 'nvme.*\\(error\\|timeout\\|fail\\|abort\\)'
      poweroff -f
      """;

  @Test
  void shouldBeADiskForLinuxsOwnNvmeDriver() throws Exception {
    assumeTrue(GuestInitramfs.busybox().isPresent(), "skipped: no busybox-static");
    LabKernel kernel = cachedKernel();
    Path initramfs =
        GuestInitramfs.write(
            folder.resolve("initramfs"),
            kernel.modulesInOrder(List.of("nvme"), List.of()),
            NVME_INIT);
    Path image = folder.resolve("disk.img");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(64 << 20);
    }
    Linux linux = Linux.system();
    try (RawDisk disk = new RawDisk(linux.open(image.toString(), Linux.O_RDWR), false)) {
      QemuGuest.Run run =
          served(
              new NvmeModel(disk, "jv42"),
              device -> {
                List<String> options = new ArrayList<>(ram(SHARED, "256M"));
                options.addAll(List.of("-initrd", initramfs.toString()));
                options.addAll(List.of("-append", "console=ttyS0 quiet panic=-1"));
                return QemuGuest.runKernel(
                    qemu.command(), folder, kernel.image(), "2", "256", options, device);
              });
      assertThat(run.console())
          .contains(
              "MODEL Javelin NVMe",
              "SECTORS 131072, cache write back",
              "WROTE 0",
              "COMPARED 0",
              "DISCARDED 0",
              "HELLO 0",
              "RESET 0",
              "COMPARED AGAIN 0",
              "nvme0q0",
              "nvme0q1")
          .doesNotContain("I/O error", "timeout, ");
    }
    byte[] start = new byte[5];
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "r")) {
      file.seek(9 * 512);
      file.readFully(start);
    }
    assertThat(new String(start, StandardCharsets.US_ASCII)).isEqualTo("hello");
  }

  /** The kernel that the lab has fetched. */
  private static LabKernel cachedKernel() throws IOException {
    try (Stream<Path> files = Files.walk(Lab.cache(), 3)) {
      Optional<Path> image =
          files.filter(file -> file.getFileName().toString().startsWith("vmlinuz-")).findFirst();
      assumeTrue(image.isPresent(), "skipped: no kernel; `javelin lab` fetches one");
      return LabKernel.of(image.get());
    }
  }
}
