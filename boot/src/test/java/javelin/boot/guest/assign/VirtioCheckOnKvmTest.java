package javelin.boot.guest.assign;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javelin.boot.machine.DiskSpec;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.boot.machine.RngSpec;
import javelin.boot.machine.VirtioSpecs;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.QemuNbd;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest on our machine, on disks that are files and networks that are made for it. */
@Tag("kvm")
@Timeout(120)
final class VirtioCheckOnKvmTest {
  private static final int LENGTH = 1 << 20;

  @TempDir Path folder;
  private final MemoryBackend console = new MemoryBackend();

  @BeforeEach
  void needsKvm() {
    KvmAvailable.assumeKvm();
  }

  private static boolean hasDirectIo(Path file) {
    try (Fd fd = Linux.system().open(file.toString(), Linux.O_DIRECT)) {
      return fd.number() >= 0;
    } catch (ErrnoException e) {
      return false;
    }
  }

  private String passing(String options, RngSpec rng) throws Exception {
    Path disk = Files.write(folder.resolve("disk.img"), new byte[LENGTH]);
    assumeTrue(!options.contains("cache=none") || hasDirectIo(disk), "no direct I/O here");
    return passing(DiskSpec.parse(disk + options), rng);
  }

  private String passing(DiskSpec disk, RngSpec rng) throws Exception {
    return passing(new VirtioSpecs(List.of(disk), rng));
  }

  private String passing(VirtioSpecs virtio) throws Exception {
    MachineConfig config =
        MachineConfig.builder()
            .guest(GuestImage.BuiltIn.VIRTIO_CHECK)
            .ram(RamConfig.of(64L << 20))
            .cpus(1)
            .timeout(Duration.ofSeconds(60))
            .virtio(virtio)
            .build();
    noLeaks(
        () -> {
          try (PcMachine machine = new PcMachine(Linux.system(), config, loop -> console)) {
            StopReason reason = machine.run();
            assertThat(reason).as(console.text()).isEqualTo(new StopReason.PoweredOff());
          }
        });
    assertThat(console.text()).containsPattern("All \\d+ checks passed").doesNotContain("FAILED");
    return console.text();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",queues=4",
        ",aio=threads",
        ",aio=sync",
        ",cache=none",
        ",cache=none,aio=sync"
      })
  void shouldDriveADiskAndASourceOfEntropy(String options) throws Exception {
    assertThat(passing(",serial=jv42" + options, new RngSpec(0)))
        .contains(
            "virtio-blk: write, 1024 bytes by MSI-X: ok",
            "virtio-blk: GET_ID \"jv42\": ok",
            "virtio-blk: flush: ok",
            "virtio-blk: unknown request, sector behind the end: ok",
            "virtio-blk: reset, VERSION_1, queue 0 by MSI-X, EVENT_IDX: ok",
            "virtio-blk: read by polling, the same bytes: ok",
            "virtio-blk: reset, VERSION_1, RING_PACKED, queue 0 by MSI-X, EVENT_IDX: ok",
            "virtio-blk: packed, write by MSI-X: ok",
            "virtio-blk: packed, read by MSI-X, the same bytes: ok",
            "virtio-blk: packed, read by polling, the same bytes: ok",
            "virtio-rng: packed, 64 bytes by polling: ok",
            "virtio-rng: 64 bytes by MSI-X: ok",
            "virtio functions: 2: ok");
    byte[] disk = Files.readAllBytes(folder.resolve("disk.img"));
    assertThat(disk[LENGTH - 1025]).isZero();
    assertThat(disk[LENGTH - 1024]).isEqualTo((byte) 0x15);
  }

  @Test
  void shouldDriveADiskThatIsAQcow2ImageBehindQemuNbd() throws Exception {
    QemuNbd.assume();
    try (QemuNbd server = new QemuNbd(folder, "1M")) {
      String disk = "nbd:unix:" + server.socket() + ",serial=jv42,queues=2";
      assertThat(passing(DiskSpec.parse(disk), null))
          .contains(
              "virtio-blk: sectors: 2048: ok",
              "virtio-blk: flush: ok",
              "virtio-blk: unknown request, sector behind the end: ok",
              "virtio-blk: packed, read by polling, the same bytes: ok");
    }
  }

  @Test
  void shouldUseSplitRingsOnlyWherePackedOnesAreSwitchedOff() throws Exception {
    assertThat(passing(",packed=off", null))
        .contains("virtio-blk: read by polling, the same bytes: ok")
        .doesNotContain("packed", "RING_PACKED");
  }

  @Test
  void shouldLeaveAReadOnlyDiskAlone() throws Exception {
    assertThat(passing(",readonly=on", new RngSpec(4096)))
        .contains("virtio-blk: sectors: 2048, read-only: left alone: ok");
    assertThat(Files.readAllBytes(folder.resolve("disk.img"))).containsOnly(0);
  }

  @Test
  void shouldSendFramesFromOneNetworkDeviceToTheOther() throws Exception {
    try (NetworkPair pair = NetworkPair.of(folder)) {
      assertThat(passing(pair.devices()))
          .contains(
              "virtio-net: reset, VERSION_1, queues 0 to 1 by MSI-X: ok",
              "virtio-net: first to second, 64 bytes by MSI-X, the same there: ok",
              "virtio-net: second to first, 1512 bytes by MSI-X, the same there: ok",
              "virtio functions: 2: ok");
    }
  }

  @Test
  void shouldSendFramesThroughTapsOnABridge() throws Exception {
    assertThat(BridgedTaps.virtioCheck(folder))
        .contains(
            "virtio-net: first to second, 1512 bytes by MSI-X, the same there: ok",
            "virtio-net: second to first, 1512 bytes by MSI-X, the same there: ok",
            "virtio functions: 2: ok")
        .containsPattern("All \\d+ checks passed");
  }
}
