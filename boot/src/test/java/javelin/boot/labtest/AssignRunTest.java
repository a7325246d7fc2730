package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code javelin run --assign} as a user starts it, in the lab. */
@Tag("lab")
@Tag("devices")
@Timeout(600)
final class AssignRunTest {
  private static final int KILLS = 6;

  /** The built-in guest found something wrong: it wrote 2 to the debug-exit port. */
  private static final int GUEST_FOUND_FAULT = 5;

  private static final int LONGEST_LIFE_MILLIS = 9000;

  @TempDir Path folder;

  private Launcher launcher;
  private HostAddress nic;
  private HostAddress disk;

  @BeforeEach
  void find() {
    launcher = new Launcher(folder);
    nic = LabPci.find("8086", "10d3", 0);
    disk = LabPci.find("1b36", "0010", 0);
    assertThatHostHasBoth();
  }

  /** What a test that failed has left must not be in the way of the others. */
  @AfterEach
  void cleanUp() throws Exception {
    launcher.endAll();
  }

  private void assertThatHostHasBoth() {
    assertThat(LabPci.driver(nic)).isEqualTo("e1000e");
    assertThat(LabPci.driver(disk)).isEqualTo("nvme");
  }

  private List<String> run(String... more) {
    List<String> arguments = new ArrayList<>(List.of("run"));
    for (HostAddress address : List.of(nic, disk)) {
      arguments.addAll(List.of("--assign", LabPci.spec(address)));
    }
    arguments.addAll(List.of(more));
    return arguments;
  }

  /** A guest that stays: a kernel without a root file system, which panics and then waits. */
  private Launcher.Run startStayingGuest(String name) throws Exception {
    Launcher.Run run =
        launcher.start(
            name,
            run(
                "--kernel",
                LinuxGuest.kernel().toString(),
                "--append",
                "console=ttyS0 panic=0",
                "--memory",
                "256M"));
    run.await("Linux version");
    return run;
  }

  @Test
  void shouldCheckDevicesFromInsideAndGiveThemBack() throws Exception {
    HostAddress edu = LabPci.find("1234", "11e8", 0);
    Launcher.Run run =
        launcher.start(
            "check",
            run("--guest", "assign-check", "--memory", "128M", "--assign", LabPci.spec(edu)));
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(run.output()).contains("checks passed").doesNotContain("FAILED");
    assertThatHostHasBoth();
    assertThat(LabPci.driver(edu)).isEmpty();
  }

  /** Faults on demand stand before the host's devices as well, and leave the host as it was. */
  @Test
  void shouldHaveADeviceOfTheHostsDoWrongOnPurpose() throws Exception {
    HostAddress edu = LabPci.find("1234", "11e8", 0);
    Map<String, String> signs =
        Map.of("drop-irq:2", "interrupt 2 is one INTx", "all-ones:60", "FAILED");
    for (Map.Entry<String, String> sign : signs.entrySet()) {
      String spec = LabPci.spec(edu) + ",x-no-mmap,fault=" + sign.getKey();
      Launcher.Run run =
          launcher.start(
              "fault",
              List.of("run", "--guest", "assign-check", "--memory", "128M", "--assign", spec));
      assertThat(run.exitCode()).as(run.output()).isEqualTo(GUEST_FOUND_FAULT);
      assertThat(run.output()).contains(sign.getValue(), "FAILED");
      assertThat(HostSays.holdersOf("/dev/vfio/")).isEmpty();
      assertThat(LabPci.driver(edu)).isEmpty();
    }
  }

  @Test
  void shouldKeepItsDevicesFromOthersWhileItRuns() throws Exception {
    assumeTrue("INTEL".equals(System.getenv("JAVELIN_LAB")), "once is enough: under VT-d");
    Launcher.Run first = startStayingGuest("first");

    Launcher.Run second = launcher.start("second", run());
    assertThat(second.exitCode()).as(second.output()).isEqualTo(4);
    assertThat(second.output()).contains("process " + first.pid());

    Launcher.Run giveBack =
        launcher.start("give-back", List.of("pci", "give-back", disk.toString()));
    assertThat(giveBack.exitCode()).as(giveBack.output()).isNotZero();
    assertThat(giveBack.output()).contains("held by process " + first.pid());

    first.terminate();
    assertThat(first.exitCode()).as(first.output()).isEqualTo(143);
    assertThatHostHasBoth();
  }

  @Test
  void shouldGiveBackWhenTheStartFails() throws Exception {
    Path noKernel = Files.writeString(folder.resolve("kernel"), "no kernel");
    Launcher.Run run = launcher.start("failing", run("--kernel", noKernel.toString()));
    assertThat(run.exitCode()).as(run.output()).isEqualTo(4);
    assertThatHostHasBoth();
  }

  @Test
  void shouldLeaveTheHostCleanWhenKilled() throws Exception {
    assumeTrue("INTEL".equals(System.getenv("JAVELIN_LAB")), "once is enough: under VT-d");
    long pinned = HostSays.pinnedPages();
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < KILLS; i++) {
      int life = random.nextInt(LONGEST_LIFE_MILLIS);
      Launcher.Run victim =
          launcher.start("victim", run("--guest", "assign-check", "--memory", "128M"));
      Thread.sleep(life);
      victim.kill();
      victim.exitCode();
      Launcher.Run recovery = launcher.start("recovery", List.of("pci", "recover"));
      assertThat(recovery.exitCode())
          .as("seed %d, killed after %d ms: %s", seed, life, recovery.output())
          .isZero();
      assertThatHostHasBoth();
      assertThat(HostSays.holdersOf("/dev/vfio/")).isEmpty();
      assertThat(HostSays.pinnedPages()).isLessThanOrEqualTo(pinned);
    }
  }

  @Test
  void shouldRefuseWhatTheHostNeeds() throws Exception {
    HostAddress bridge = HostAddress.parse("0000:00:1f.0");
    Launcher.Run run =
        launcher.start("chipset", List.of("run", "--assign", bridge.toString(), "--force"));
    assertThat(run.exitCode()).as(run.output()).isEqualTo(4);
    assertThat(run.output()).contains(bridge.toString());
    assertThat(LabPci.driver(bridge)).isNotEqualTo("vfio-pci");
  }

  @Test
  void shouldTakeTheFunctionsOfOneGroupTogetherOnly() throws Exception {
    HostAddress first = LabPci.find("8086", "10d3", 1);
    HostAddress second = LabPci.find("8086", "10d3", 2);
    assertThat(LabPci.group(first)).isEqualTo(LabPci.group(second));

    Launcher.Run alone = launcher.start("alone", List.of("run", "--assign", LabPci.spec(first)));
    assertThat(alone.exitCode()).as(alone.output()).isEqualTo(4);
    assertThat(alone.output()).contains(second.toString());
    assertThat(LabPci.driver(first)).isEqualTo("e1000e");

    List<String> both =
        new ArrayList<>(List.of("run", "--guest", "assign-check", "--memory", "128M"));
    for (HostAddress address : List.of(first, second)) {
      both.addAll(List.of("--assign", address + ",no-reset=allow"));
    }
    Launcher.Run together = launcher.start("together", both);
    assertThat(together.exitCode()).as(together.output()).isZero();
    assertThat(LabPci.driver(first)).isEqualTo("e1000e");
    assertThat(LabPci.driver(second)).isEqualTo("e1000e");
  }

  /** Each of the two could not be reset alone; as both are this run's, their bus can. */
  @Test
  void shouldResetFunctionsThatHaveNoResetOfTheirOwnByTheirBus() throws Exception {
    HostAddress first = LabPci.find("1234", "11e8", 2);
    HostAddress second = LabPci.find("1234", "11e8", 3);
    List<String> arguments =
        new ArrayList<>(List.of("run", "--guest", "assign-check", "--memory", "128M"));
    assertThat(HostFiles.system().exists(second.sysfs() + "/reset_method")).isFalse();
    for (HostAddress address : List.of(first, second)) {
      arguments.addAll(List.of("--assign", address.toString()));
    }
    arguments.addAll(List.of("--trace", "vfio"));
    Launcher.Run run = launcher.start("bus-reset", arguments);
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(run.output()).contains("hot reset", "checks passed").doesNotContain("FAILED");
  }

  @Test
  void shouldRefuseADeviceWithoutReset() throws Exception {
    HostAddress edu = LabPci.find("1234", "11e8", 0);
    assumeTrue(!HostFiles.system().exists(edu.sysfs() + "/reset_method"), "this edu can be reset");
    Launcher.Run run = launcher.start("no-reset", List.of("run", "--assign", edu.toString()));
    assertThat(run.exitCode()).as(run.output()).isEqualTo(4);
    assertThat(run.output()).contains("no way to reset it", "no-reset=allow");
    assertThat(LabPci.driver(edu)).isEmpty();
  }
}
