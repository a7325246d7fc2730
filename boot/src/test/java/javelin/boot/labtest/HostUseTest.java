package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import javelin.boot.lab.LabKernel;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run does not take what the host uses, says what for, and leaves it as it was. */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(600)
final class HostUseTest {
  private static final int START_ERROR = 4;
  private static final String DISK = "/dev/nvme0n1";

  @TempDir Path folder;

  private final Deque<String> undo = new ArrayDeque<>();
  private Launcher launcher;

  @BeforeEach
  void prepare() {
    launcher = new Launcher(folder);
  }

  @AfterEach
  void leaveTheHostAsItWas() throws Exception {
    while (!undo.isEmpty()) {
      host(undo.pop());
    }
    launcher.endAll();
  }

  /** Runs a command on the host, which must succeed, and remembers how it is undone. */
  private void host(String command, String undoing) {
    host(command);
    undo.push(undoing);
  }

  private static void host(String command) {
    assertThat(HostSays.of("{ " + command + "; } && echo WELL")).as(command).endsWith("WELL\n");
  }

  private void insmod(String... names) throws IOException {
    HostModules.load(LabKernel.of(LinuxGuest.kernel()), folder, names);
  }

  private HostAddress disk() throws Exception {
    HostAddress disk = LabPci.find("1b36", "0010", 0);
    LabNetwork.await(() -> HostFiles.system().names("/sys/class/block/nvme0n1"), DISK);
    return disk;
  }

  /** That a run with the device is refused with these words, and the host keeps it. */
  private void assertRefused(HostAddress device, String... words) throws Exception {
    String driver = LabPci.driver(device);
    Launcher.Run run = launcher.start("run", List.of("run", "--assign", LabPci.spec(device)));
    assertThat(run.exitCode()).as(run.output()).isEqualTo(START_ERROR);
    assertThat(run.output()).contains(device.toString()).contains(words);
    assertThat(LabPci.driver(device)).isEqualTo(driver).isNotEmpty();
  }

  @Test
  void shouldRefuseTheNetworkCardWithTheDefaultRoute() throws Exception {
    HostAddress nic = LabPci.find("8086", "10d3", 0);
    String name = HostFiles.system().names(nic.sysfs() + "/net").get(0);
    String ifconfig = "busybox ifconfig " + name;
    host(ifconfig + " 192.168.78.1 up", ifconfig + " 0.0.0.0 down");
    host("busybox route add default gw 192.168.78.2", "busybox route del default gw 192.168.78.2");
    assertRefused(nic, name, "the default route", "--force");
  }

  @Test
  void shouldRefuseADiskThatIsSwappedTo() throws Exception {
    HostAddress disk = disk();
    host("mkswap " + DISK);
    host("swapon " + DISK, "swapoff " + DISK);
    assertRefused(disk, DISK, "swap space");
  }

  @Test
  void shouldRefuseADiskThatIsMountedDirectlyOrByPartition() throws Exception {
    assumeTrue(HostSays.has("mke2fs"), "mke2fs is not installed (e2fsprogs)");
    insmod("crc32c_generic", "ext4");
    HostAddress disk = disk();

    assertRefusedWhileMounted(disk, DISK);

    Files.write(Path.of(DISK), partitionTable());
    host("blockdev --rereadpt " + DISK);
    LabNetwork.await(() -> HostFiles.system().names("/sys/class/block/nvme0n1p1"), DISK + "p1");
    assertRefusedWhileMounted(disk, DISK + "p1");
  }

  /** What is on the mapper's device is on the disk below it. */
  @Test
  void shouldRefuseADiskThatDeviceMapperUses() throws Exception {
    assumeTrue(HostSays.has("dmsetup"), "dmsetup is not installed");
    insmod("dm_mod");
    HostAddress disk = disk();
    String create = "dmsetup create javelin --noudevsync --noudevrules";
    host(create + " --table '0 16384 linear " + DISK + " 2048'", "dmsetup remove javelin");
    String node = "/dev/" + HostFiles.system().names("/sys/class/block/nvme0n1/holders").get(0);
    host("mkswap " + node);
    host("swapon " + node, "swapoff " + node);
    assertRefused(disk, "swap space");
  }

  private void assertRefusedWhileMounted(HostAddress disk, String node) throws Exception {
    Path place = Files.createDirectories(folder.resolve("mount"));
    host("mke2fs -q -F -O ^has_journal,^metadata_csum " + node + " 8M");
    host("mount -t ext4 " + node + " " + place);
    try {
      assertRefused(disk, "mounted on " + place);
    } finally {
      host("umount " + place);
    }
  }

  /** An MBR whose first partition is Linux's, of 16 MiB from 1 MiB on. */
  private static byte[] partitionTable() {
    byte[] table = new byte[512];
    int entry = 446;
    table[entry + 4] = (byte) 0x83;
    table[entry + 9] = 8; // first sector: 2048
    table[entry + 13] = (byte) 0x80; // sectors: 32768
    table[510] = 0x55;
    table[511] = (byte) 0xaa;
    return table;
  }

  /** By a user who has the device's node but may not lock as much memory as the guest has. */
  @Test
  void shouldRefuseWhatCannotBePinned() throws Exception {
    String su = "busybox su -s /bin/bash nobody -c ";
    assumeTrue(
        HostSays.of(su + "'test -x " + Launcher.path() + " && echo may'").contains("may"),
        "the user nobody may not read the folder that Javelin is in");
    HostAddress disk = disk();
    Launcher.Run take = launcher.start("take", List.of("pci", "take", disk.toString()));
    assertThat(take.exitCode()).as(take.output()).isZero();
    undo.push(Launcher.path() + " pci give-back " + disk);
    String node = "/dev/vfio/" + LabPci.group(disk);
    host("chown 65534 " + node + "; chmod 666 /dev/kvm");
    String command =
        "ulimit -l 65536; exec " + Launcher.path() + " run --memory 256M --assign-taken " + disk;
    Launcher.Run run =
        launcher.startProgram("run", List.of("sh", "-c", "exec " + su + "'" + command + "'"));
    assertThat(run.exitCode()).as(run.output()).isEqualTo(START_ERROR);
    assertThat(run.output()).contains("256 MiB", "RLIMIT_MEMLOCK", "ulimit -l unlimited");
  }
}
