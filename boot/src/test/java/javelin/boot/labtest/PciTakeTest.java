package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javelin.passthrough.binding.BindingException;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HandBinding;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.binding.Recovery;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Takes an e1000e and an NVMe disk from the lab's host, and looks whether they come back. */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(600)
final class PciTakeTest {
  private static final HostFiles HOST = HostFiles.system();
  private static final String DEVICES = "/sys/bus/pci/devices";
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int KILLS = 6;
  private static final int LONGEST_LIFE_MILLIS = 3000;

  private final List<String> notes = new ArrayList<>();
  private final BindingHost host = BindingHost.system(notes::add);
  private HostAddress nic;
  private HostAddress disk;
  private List<String> netdevs;

  @BeforeEach
  void findDevices() throws InterruptedException {
    nic = boundTo("e1000e");
    disk = boundTo("nvme");
    netdevs = HOST.names(nic.sysfs() + "/net");
    assertThat(netdevs).hasSize(1);
    assertHostHasBoth();
  }

  private static HostAddress boundTo(String driver) {
    Optional<HostAddress> found =
        HOST.names(DEVICES).stream()
            .map(HostAddress::parse)
            .filter(address -> driver(address).equals(driver))
            .findFirst();
    assumeTrue(found.isPresent(), "no device that " + driver + " drives");
    return found.orElseThrow();
  }

  @AfterEach
  void giveBackAll() {
    Recovery.runAll(host);
  }

  private static String driver(HostAddress address) {
    return HOST.linkName(address.sysfs() + "/driver").orElse("");
  }

  private static String vfioNode(HostAddress address) {
    return "/dev/vfio/" + HOST.linkName(address.sysfs() + "/iommu_group").orElseThrow();
  }

  private void assertHostHasBoth() throws InterruptedException {
    assertThat(driver(nic)).isEqualTo("e1000e");
    assertThat(driver(disk)).isEqualTo("nvme");
    assertThat(HOST.names(nic.sysfs() + "/net")).isEqualTo(netdevs);
    assertThat(HOST.text(nic.sysfs() + "/driver_override")).contains("(null)");
    assertThat(HOST.names("/run/javelin")).noneMatch(name -> name.endsWith(".json"));
    await(PciTakeTest::diskCanBeRead); // Its driver looks for namespaces in its own time.
  }

  private static boolean diskCanBeRead() {
    try (FileChannel channel = FileChannel.open(Path.of("/dev/nvme0n1"))) {
      return channel.read(ByteBuffer.allocate(4096)) == 4096;
    } catch (IOException e) {
      return false;
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("within " + LIMIT).isLessThan(end);
      Thread.sleep(50);
    }
  }

  private void assertVfioHasBoth() {
    for (HostAddress address : List.of(nic, disk)) {
      assertThat(driver(address)).isEqualTo("vfio-pci");
      assertThat(HOST.exists(vfioNode(address))).isTrue();
    }
    assertThat(HOST.names("/sys/class/net")).doesNotContainAnyElementsOf(netdevs);
    assertThat(HOST.exists("/sys/block/nvme0n1")).isFalse();
  }

  @Test
  void shouldHoldBothForARunAndGiveThemBack() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          try (HeldDevices held = HeldDevices.take(host, List.of(nic, disk), false)) {
            assertThat(held.addresses()).containsExactly(nic, disk);
            assertVfioHasBoth();
          }
        });
    assertHostHasBoth();
  }

  @Test
  void shouldKeepBothByHandUntilTheyAreGivenBack() throws Exception {
    HandBinding hand = new HandBinding(host);
    hand.take(List.of(nic, disk), false);
    assertVfioHasBoth();
    assertThat(Recovery.run(host).left()).hasSize(2);
    assertVfioHasBoth();
    assertThat(hand.giveBack(List.of(nic, disk))).isEmpty();
    assertHostHasBoth();
  }

  @Test
  void shouldNotGiveBackWhileTheGroupIsOpen() throws Exception {
    HandBinding hand = new HandBinding(host);
    hand.take(List.of(disk), false);
    Process holder = new ProcessBuilder("sh", "-c", "exec sleep 60 < " + vfioNode(disk)).start();
    try {
      String link = "/proc/" + holder.pid() + "/fd/0";
      await(() -> HOST.linkName(link).equals(HOST.linkName(disk.sysfs() + "/iommu_group")));
      assertThat(hand.giveBack(List.of(disk)))
          .containsExactly(
              disk
                  + ": process "
                  + holder.pid()
                  + " (sleep 60) has "
                  + vfioNode(disk)
                  + " open; end that first");
      assertThat(driver(disk)).isEqualTo("vfio-pci");
    } finally {
      holder.destroyForcibly().waitFor();
    }
    assertThat(hand.giveBack(List.of(disk))).isEmpty();
    assertHostHasBoth();
  }

  @Test
  void shouldNameTheHolderAndRecoverWhenItIsKilled() throws Exception {
    Process holder = start(Holder.class);
    assertVfioHasBoth();
    assertThat(new HandBinding(host).giveBack(List.of(nic)))
        .first()
        .asString()
        .startsWith(nic + ": held by process " + holder.pid() + " (");
    assertThatThrownBy(() -> HeldDevices.take(host, List.of(disk), false))
        .isInstanceOf(BindingException.class)
        .hasMessageContaining("held by process " + holder.pid());
    assertThat(Recovery.run(host).left()).hasSize(2);
    assertVfioHasBoth();
    kill(holder);
    assertThat(Recovery.run(host).problems()).isEmpty();
    assertHostHasBoth();
  }

  @Test
  void shouldRecoverWhenKilledAtAnyMoment() throws Exception {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < KILLS; i++) {
      int life = random.nextInt(LONGEST_LIFE_MILLIS);
      Process victim = start(Cycler.class);
      Thread.sleep(life);
      kill(victim);
      assertThat(Recovery.run(host).problems()).as("seed %d, %d ms", seed, life).isEmpty();
      assertHostHasBoth();
    }
  }

  private static void kill(Process process) throws InterruptedException {
    assertThat(process.isAlive()).isTrue();
    process.destroyForcibly();
    assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
  }

  /** Starts {@code main} as a process of its own, on both devices; returns when it says go. */
  private Process start(Class<?> main) throws IOException {
    List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(nic.toString(), disk.toString()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader output = process.inputReader();
    assertThat(output.readLine()).isEqualTo("go");
    return process;
  }

  /** Holds the devices until it is killed. */
  static final class Holder {
    public static void main(String[] addresses) throws Exception {
      try (HeldDevices held = HeldDevices.take(system(), parse(addresses), false)) {
        System.out.println("go");
        Thread.sleep(Duration.ofMinutes(5).toMillis());
        throw new IllegalStateException(held.addresses() + " held, but not killed");
      }
    }

    private Holder() {}
  }

  /** Takes the devices and gives them back, again and again, until it is killed. */
  static final class Cycler {
    public static void main(String[] addresses) {
      BindingHost host = system();
      System.out.println("go");
      while (true) {
        HeldDevices.take(host, parse(addresses), false).close();
      }
    }

    private Cycler() {}
  }

  private static BindingHost system() {
    return BindingHost.system(note -> {});
  }

  private static List<HostAddress> parse(String[] addresses) {
    return List.of(addresses).stream().map(HostAddress::parse).toList();
  }
}
