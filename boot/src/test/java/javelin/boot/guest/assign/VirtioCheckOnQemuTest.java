package javelin.boot.guest.assign;

import static javelin.boot.guest.QemuGuest.DEBUG_EXIT;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.guest.QemuGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guest on QEMU's own virtio devices: what passes there is what drivers may expect. */
@Timeout(120)
final class VirtioCheckOnQemuTest {
  private static final int LENGTH = 1 << 20;
  private static final int FIRST_WRITTEN = LENGTH - 1024;
  private static final String BLK = "virtio-blk-pci,disable-legacy=on,drive=disk,serial=jv42";
  private static final String RNG = "virtio-rng-pci,disable-legacy=on";

  @TempDir Path folder;

  private static String net(String end, String more) {
    return "virtio-net-pci,disable-legacy=on,romfile=,netdev=" + end + more;
  }

  private String passing(List<String> networks, String... devices) throws Exception {
    List<String> options = new ArrayList<>();
    networks.forEach(network -> options.addAll(List.of("-netdev", network)));
    return passing(
        QemuGuest.run(
            folder, VirtioCheckGuest.program(QemuGuest.q35()), "1", "128", options, devices));
  }

  @Test
  void shouldSendFramesFromOneNetworkDeviceToTheOther() throws Exception {
    // QEMU keeps a frame that nobody on the hub takes: its own network takes all.
    List<String> hub =
        List.of(
            "user,id=host,restrict=on",
            "hubport,id=n,hubid=0,netdev=host",
            "hubport,id=n0,hubid=0",
            "hubport,id=n1,hubid=0");
    assertThat(passing(hub, DEBUG_EXIT, net("n0", ",mac=52:54:00:00:00:01"), RNG, net("n1", "")))
        .contains(
            "1af4:1041",
            "virtio-net: reset, VERSION_1, queues 0 to 1 by MSI-X: ok",
            "virtio-net: address 525400000001: ok",
            "virtio-net: send, 64 bytes by MSI-X, and nothing came back: ok",
            "virtio-net: first to second, 64 bytes by MSI-X, the same there: ok",
            "virtio-net: second to first, 1512 bytes by MSI-X, the same there: ok",
            "virtio functions: 3: ok");
  }

  @Test
  void shouldSayThatNothingComesBackWhereThereIsOneNetworkDevice() throws Exception {
    assertThat(passing(List.of("user,id=n0,restrict=on"), DEBUG_EXIT, net("n0", "")))
        .contains("virtio-net: send, 64 bytes by MSI-X, and nothing came back: ok")
        .doesNotContain("first to second");
  }

  @Test
  void shouldFailWhereTwoNetworkDevicesAreNotConnected() throws Exception {
    QemuGuest.Run run =
        QemuGuest.run(
            folder,
            VirtioCheckGuest.program(QemuGuest.q35()),
            "1",
            "128",
            List.of("-netdev", "user,id=n0,restrict=on", "-netdev", "user,id=n1,restrict=on"),
            DEBUG_EXIT,
            net("n0", ""),
            net("n1", ""));
    assertThat(run.console()).contains("first: the frame interrupts where it arrives");
    assertThat(run.exitCode()).isNotZero();
  }

  private QemuGuest.Run run(String drive, String... devices) throws Exception {
    Path disk = Files.write(folder.resolve("disk.img"), new byte[LENGTH]);
    return QemuGuest.run(
        folder,
        VirtioCheckGuest.program(QemuGuest.q35()),
        "1",
        "128",
        List.of("-drive", "if=none,id=disk,format=raw,file=" + disk + drive),
        devices);
  }

  private static String passing(QemuGuest.Run run) {
    assertThat(run.console()).containsPattern("All \\d+ checks passed").doesNotContain("FAILED");
    assertThat(run.exitCode()).isZero();
    return run.console();
  }

  @Test
  void shouldDriveADiskAndASourceOfEntropy() throws Exception {
    assertThat(passing(run("", DEBUG_EXIT, BLK, RNG)))
        .contains(
            "1af4:1042",
            "1af4:1044",
            "virtio-blk: reset, VERSION_1, queue 0 by MSI-X: ok",
            "virtio-blk: sectors: 2048: ok",
            "virtio-blk: write, 1024 bytes by MSI-X: ok",
            "virtio-blk: read, the same bytes: ok",
            "virtio-blk: GET_ID \"jv42\": ok",
            "virtio-blk: flush: ok",
            "virtio-blk: unknown request, sector behind the end: ok",
            "virtio-blk: reset, VERSION_1, queue 0 by MSI-X, EVENT_IDX: ok",
            "virtio-blk: read by polling, the same bytes: ok",
            "virtio-blk: read by MSI-X, the same bytes: ok",
            "virtio-rng: 64 bytes by MSI-X: ok",
            "virtio-rng: 64 bytes by polling: ok",
            "virtio functions: 2: ok");
    byte[] disk = Files.readAllBytes(folder.resolve("disk.img"));
    assertThat(disk[FIRST_WRITTEN - 1]).as("before the last two sectors").isZero();
    assertThat(disk[FIRST_WRITTEN]).isEqualTo((byte) 0x15);
    assertThat(disk[LENGTH - 1]).isNotZero();
  }

  @Test
  void shouldUsePackedRingsWhereTheyAreOffered() throws Exception {
    assertThat(passing(run("", DEBUG_EXIT, BLK + ",packed=on", RNG + ",packed=on")))
        .contains(
            "virtio-blk: reset, VERSION_1, RING_PACKED, queue 0 by MSI-X, EVENT_IDX: ok",
            "virtio-blk: packed, write by MSI-X: ok",
            "virtio-blk: packed, read by MSI-X, the same bytes: ok",
            "virtio-blk: packed, read by polling, the same bytes: ok",
            "virtio-rng: packed, 64 bytes by polling: ok");
  }

  @Test
  void shouldLeaveAReadOnlyDiskAlone() throws Exception {
    assertThat(passing(run(",readonly=on", DEBUG_EXIT, BLK)))
        .contains("virtio-blk: sectors: 2048, read-only: left alone: ok", "virtio functions: 1");
    assertThat(Files.readAllBytes(folder.resolve("disk.img"))).containsOnly(0);
  }

  @Test
  void shouldFailWhereThereIsNoVirtioFunctionOfThatKind() throws Exception {
    QemuGuest.Run run = run("", DEBUG_EXIT, "edu", "virtio-rng-pci,disable-modern=on");
    assertThat(run.console())
        .contains("virtio functions: 0 [FAILED: a virtio function to check]")
        .doesNotContain("virtio-rng:");
    assertThat(run.exitCode()).isNotZero();
  }

  @Test
  void shouldNameWhatFailedWhenADeviceHasNoMsix() throws Exception {
    QemuGuest.Run run = run("", DEBUG_EXIT, RNG + ",vectors=0");
    assertThat(run.console()).contains("first: virtio functions have MSI-X");
    assertThat(run.exitCode()).isNotZero();
  }
}
