package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.passthrough.binding.Steps.Killed;
import javelin.passthrough.binding.Steps.Moment;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is left when a process ends at any step, and what recovery makes of it. */
class RecoveryTest {
  /** Of each of two devices: journal, override, unbind, probe; later, journal again. */
  private static final int CHANGES_UNTIL_HELD = 2 * (4 + 1);

  /** Of each: journal, override, unbind, probe, power/control, journal; and one name. */
  private static final int CHANGES_OF_A_RUN = CHANGES_UNTIL_HELD + 2 * 6 + 1;

  @TempDir Path root;
  @TempDir Path run;
  private SimulatedKernel kernel;
  private HostAddress nic;
  private HostAddress disk;
  private List<String> before;
  private SimulatedProcess process;
  private int pid = 100;

  @BeforeEach
  void makeHost() {
    kernel = new SimulatedKernel(root).driver("e1000e", "8086:10d3").driver("nvme", "1b36:0010");
    kernel.driver("vfio-pci");
    nic = kernel.device("0000:00:07.0", "8086:10d3", "5", "eth0");
    disk = kernel.device("0000:00:08.0", "1b36:0010", "6");
    before = kernel.state();
    process = newProcess();
  }

  @AfterEach
  void endProcess() {
    process.close();
  }

  private SimulatedProcess newProcess() {
    return new SimulatedProcess(kernel, run, pid++);
  }

  /** What a process does to the host. */
  private interface Work {
    void run(BindingHost host);
  }

  /** Whether {@code work} comes to its end although the process is killed at a step. */
  private boolean completes(Work work, int step, Moment moment) {
    try (SimulatedProcess victim = newProcess()) {
      victim.steps.killAt(step, moment);
      work.run(victim.host());
      return true;
    } catch (Killed e) {
      return false;
    }
  }

  private void takeByHand(BindingHost host) {
    new HandBinding(host).take(List.of(nic, disk), false);
  }

  private void holdAndGiveBack(BindingHost host) {
    HeldDevices.take(host, List.of(nic, disk), false).close();
  }

  private void assertAllIsAsBefore(String when) {
    assertThat(kernel.state()).as(when).isEqualTo(before);
    assertThat(run).as(when).isDirectoryNotContaining("glob:**.json");
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void shouldRestoreTheHostWhenKilledAtAnyStepOfARun(Moment moment) {
    int step = 1;
    kernel.nameNext("eth1"); // The number that the kernel has come to by then.
    for (; !completes(this::holdAndGiveBack, step, moment); step++) {
      try (SimulatedProcess later = newProcess()) {
        assertThat(Recovery.run(later.host()).problems()).as("killed at %d", step).isEmpty();
      }
      assertAllIsAsBefore("killed " + moment + " step " + step);
      kernel.nameNext("eth1");
    }
    assertThat(step - 1).as("changes of a whole run").isEqualTo(CHANGES_OF_A_RUN);
    assertAllIsAsBefore("not killed");
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void shouldRestoreTheHostWhenRecoveryItselfIsKilledAtAnyStep(Moment moment) {
    for (int step = 1; ; step++) {
      completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
      kernel.nameNext("eth1");
      boolean complete = completes(Recovery::run, step, moment);
      assertThat(Recovery.run(process.host()).problems()).isEmpty();
      assertAllIsAsBefore("recovery killed " + moment + " step " + step);
      if (complete) {
        assertThat(step - 1).isEqualTo(CHANGES_OF_A_RUN - CHANGES_UNTIL_HELD);
        return;
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void shouldTakeAllOrNothingWhenKilledAtAnyStepOfTakingByHand(Moment moment) {
    int finished = 0;
    int step = 1;
    for (; !completes(this::takeByHand, step, moment); step++) {
      assertThat(Recovery.run(process.host()).problems()).isEmpty();
      List<String> drivers = List.of(driver(nic), driver(disk));
      assertThat(drivers)
          .as("killed at step %d", step)
          .isIn(List.of("vfio-pci", "vfio-pci"), List.of("e1000e", "nvme"));
      if (driver(nic).equals("vfio-pci")) {
        finished++;
        assertThat(new HandBinding(process.host()).giveBack(List.of(nic, disk))).isEmpty();
      }
      assertAllIsAsBefore("killed " + moment + " step " + step);
    }
    assertThat(step - 1).isEqualTo(CHANGES_UNTIL_HELD);
    assertThat(finished)
        .as("killed when the first of the two was TAKEN")
        .isEqualTo(moment == Moment.BEFORE ? 1 : 2);
  }

  private String driver(HostAddress address) {
    return new DeviceFiles(kernel.files(), address).driver();
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void shouldGiveBackWhenKilledAtAnyStepOfGivingBackByHand(Moment moment) {
    for (int step = 1; ; step++) {
      completes(this::takeByHand, -1, moment);
      Work giveBack = host -> new HandBinding(host).giveBack(List.of(nic, disk));
      boolean complete = completes(giveBack, step, moment);
      assertThat(Recovery.run(process.host()).problems()).isEmpty();
      // What was not begun stays taken by hand.
      assertThat(driver(nic)).isIn("e1000e", step == 1 ? "vfio-pci" : "e1000e");
      assertThat(Recovery.runAll(process.host()).problems()).isEmpty();
      assertAllIsAsBefore("killed " + moment + " step " + step);
      if (complete) {
        return;
      }
    }
  }

  @Test
  void shouldRecoverBeforeADeviceIsTakenAgain() {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(nic), false)) {
      assertThat(held.addresses()).containsExactly(nic);
      assertThat(driver(disk)).isEqualTo("nvme");
    }
    assertAllIsAsBefore("recovered, taken, given back");
  }

  @Test
  void shouldNotTakeWhatCannotBeRecovered() throws Exception {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    kernel.unload("nvme");
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(nic, disk), false))
        .hasMessage(
            "0000:00:08.0: left half-way by a process that is gone, and not yet recovered; javelin"
                + " pci recover says why");
    assertThat(driver(nic)).isEqualTo("e1000e");
  }

  @Test
  void shouldDoNothingWhenThereIsNoFolder() {
    try (SimulatedProcess other = new SimulatedProcess(kernel, run.resolve("none"), 90)) {
      assertThat(Recovery.run(other.host())).isEqualTo(new Recovery.Result(List.of(), List.of()));
      assertThat(run.resolve("none")).doesNotExist();
    }
  }

  @Test
  void shouldLeaveWhatWasTakenByHandUnlessAskedForAll() {
    completes(this::takeByHand, -1, Moment.AFTER);
    Recovery.Result result = Recovery.run(process.host());
    assertThat(result.problems()).isEmpty();
    assertThat(result.left())
        .containsExactly(
            "0000:00:07.0: taken by hand; javelin pci give-back 0000:00:07.0 or recover --all"
                + " gives it back",
            "0000:00:08.0: taken by hand; javelin pci give-back 0000:00:08.0 or recover --all"
                + " gives it back");
    assertThat(driver(nic)).isEqualTo("vfio-pci");
    assertThat(Recovery.runAll(process.host()).left()).isEmpty();
    assertAllIsAsBefore("all");
  }

  @Test
  void shouldLeaveWhatALiveProcessHolds() {
    try (SimulatedProcess other = newProcess();
        HeldDevices held = HeldDevices.take(other.host(), List.of(nic), false)) {
      Recovery.Result result = Recovery.runAll(process.host());
      assertThat(result.problems()).isEmpty();
      assertThat(result.left())
          .containsExactly(
              held.addresses().get(0) + ": held by process 101 (javelin run); end that first");
      assertThat(driver(nic)).isEqualTo("vfio-pci");
    }
    assertAllIsAsBefore("after its end");
  }

  @Test
  void shouldLeaveWhatALiveProcessOwnsAlthoughItsLockIsFree() throws Exception {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    kernel.file("/proc/101/stat", "101 (java) S" + " 1".repeat(18) + " 1010");
    Recovery.Result result = Recovery.run(process.host());
    assertThat(result.left())
        .first()
        .isEqualTo("0000:00:07.0: process 101, which has it, still runs");
    kernel.file("/proc/101/stat", "101 (java) Z" + " 1".repeat(18) + " 1010");
    assertThat(Recovery.run(process.host()).left()).as("a zombie").isEmpty();
    assertAllIsAsBefore("owner is a zombie");
  }

  @Test
  void shouldRecoverWhenALaterProcessHasTheOwnersNumber() {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    kernel.file("/proc/101/stat", "101 (bash) S" + " 1".repeat(18) + " 999999");
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore("another start time");
  }

  @Test
  void shouldOnlyForgetWhatAnEarlierBootHasLeft() {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    kernel.file("/proc/sys/kernel/random/boot_id", "boot-2");
    List<String> state = kernel.state();
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertThat(kernel.state()).isEqualTo(state);
    assertThat(run).isDirectoryNotContaining("glob:**.json");
  }

  @ParameterizedTest
  @EnumSource(Damage.class)
  void shouldNameADamagedJournalAndRecoverTheOthers(Damage damage) throws Exception {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    Path journal = run.resolve("0000:00:07.0.json");
    String text = Files.readString(journal);
    Files.writeString(journal, damage.of(text));
    Recovery.Result result = Recovery.run(process.host());
    assertThat(result.problems()).hasSize(1);
    assertThat(result.problems().get(0))
        .startsWith("0000:00:07.0: its journal " + journal + " is damaged (" + damage.reason + ")")
        .contains("echo 0000:00:07.0 > /sys/bus/pci/drivers_probe", "rm " + journal);
    assertThat(driver(disk)).isEqualTo("nvme");
    Files.writeString(journal, text);
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore("journal is whole again");
  }

  private enum Damage {
    EMPTY("expected { at character 0"),
    TRUNCATED("expected a value at character 60"),
    ANOTHER_DEVICE("it is about 0000:00:17.0"),
    NO_STATE("\"GONE\" is no state"),
    LONG("it is longer than any journal");

    final String reason;

    Damage(String reason) {
      this.reason = reason;
    }

    String of(String text) {
      return switch (this) {
        case EMPTY -> "";
        case TRUNCATED -> text.substring(0, 60);
        case ANOTHER_DEVICE -> text.replace("00:07.0", "00:17.0");
        case NO_STATE -> text.replace("HELD", "GONE");
        case LONG -> text + " ".repeat(1 << 16);
      };
    }
  }

  @Test
  void shouldKeepTheJournalWhenTheDeviceIsInUse() {
    completes(this::holdAndGiveBack, CHANGES_UNTIL_HELD, Moment.AFTER);
    kernel.directory("/proc/77/fd");
    kernel.linkOutside("/proc/77/fd/9", "/dev/vfio/5");
    assertThat(Recovery.run(process.host()).problems())
        .containsExactly("0000:00:07.0: process 77 has /dev/vfio/5 open; end that first");
    kernel.delete("/proc/77");
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore("no holder");
  }
}
