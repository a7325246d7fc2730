package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostInventory;
import javelin.vmm.linux.NoLeaks;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Taking and giving back, by hand and for a guest, with nothing going wrong or one thing. */
class BindingTest {
  @TempDir Path root;
  @TempDir Path run;
  private SimulatedKernel kernel;
  private HostAddress nic;
  private HostAddress disk;
  private List<String> before;
  private SimulatedProcess process;

  @BeforeEach
  void makeHost() {
    kernel = new SimulatedKernel(root).driver("e1000e", "8086:10d3").driver("nvme", "1b36:0010");
    kernel.driver("vfio-pci");
    nic = kernel.device("0000:00:07.0", "8086:10d3", "5", "eth0");
    disk = kernel.device("0000:00:08.0", "1b36:0010", "6");
    before = kernel.state();
    process = new SimulatedProcess(kernel, run, 100);
  }

  @AfterEach
  void endProcess() {
    process.close();
  }

  private String driver(HostAddress address) {
    return new DeviceFiles(kernel.files(), address).driver();
  }

  private void takeByHand(HostAddress... devices) {
    try (SimulatedProcess other = new SimulatedProcess(kernel, run, 90)) {
      new HandBinding(other.host()).take(List.of(devices), false);
    }
  }

  private List<String> giveBack(HostAddress... devices) {
    return new HandBinding(process.host()).giveBack(List.of(devices));
  }

  private void assertAllIsAsBefore() {
    assertThat(kernel.state()).isEqualTo(before);
    assertThat(run).isDirectoryNotContaining("glob:**.json");
  }

  @Test
  void shouldTakeInThisOrderAndGiveBackInThatOne() {
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(nic), false)) {
      assertThat(held.addresses()).containsExactly(nic);
      assertThat(driver(nic)).isEqualTo("vfio-pci");
    }
    assertThat(process.steps.taken())
        .containsExactly(
            "journal 0000:00:07.0 TAKING",
            "devices/0000:00:07.0/driver_override = vfio-pci",
            "devices/0000:00:07.0/driver/unbind = 0000:00:07.0",
            "drivers_probe = 0000:00:07.0",
            "journal 0000:00:07.0 HELD",
            "journal 0000:00:07.0 GIVING_BACK",
            "devices/0000:00:07.0/driver_override = ",
            "devices/0000:00:07.0/driver/unbind = 0000:00:07.0",
            "drivers_probe = 0000:00:07.0",
            "devices/0000:00:07.0/power/control = on",
            "journal 0000:00:07.0 deleted");
    assertThat(process.notes).containsExactly("0000:00:07.0: given back to e1000e");
    assertAllIsAsBefore();
  }

  @Test
  void shouldWriteToSysfsWhatThePlanSays() {
    TakePlan plan = TakePlan.of(kernel.files(), HostInventory.read(kernel.files()).device(nic));
    HeldDevices.take(process.host(), List.of(nic), false).close();
    List<String> planned =
        Stream.concat(plan.take().stream(), plan.giveBack().stream())
            .filter(step -> !step.value().isEmpty())
            .map(step -> step.file().replace("/sys/bus/pci/", "") + " = " + step.value().strip())
            .toList();
    assertThat(process.steps.taken())
        .filteredOn(step -> step.contains("driver"))
        .isEqualTo(planned)
        .hasSize(6);
  }

  @Test
  void shouldGiveBackInReverseOrderAndOnce() {
    HeldDevices held = HeldDevices.take(process.host(), List.of(nic, disk, nic), false);
    assertThat(held.addresses()).containsExactly(nic, disk);
    held.close();
    int steps = process.steps.taken().size();
    held.close();
    assertThat(process.steps.taken()).hasSize(steps);
    assertThat(process.notes)
        .containsExactly("0000:00:08.0: given back to nvme", "0000:00:07.0: given back to e1000e");
    assertAllIsAsBefore();
  }

  @Test
  void shouldGiveBackWhatItHoldsAlsoWhenTheJournalIsGone() throws Exception {
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(disk), false)) {
      Files.delete(run.resolve(held.addresses().get(0) + ".json"));
    }
    assertAllIsAsBefore();
  }

  @Test
  void shouldLeaveNothingOpenWhenTakingAndGivingBack() throws Exception {
    NoLeaks.noLeaks(
        () -> {
          HeldDevices.take(process.host(), List.of(nic, disk), false).close();
          takeByHand(nic);
          HeldDevices.ofTaken(process.host(), List.of(nic)).close();
          assertThat(giveBack(nic)).isEmpty();
        });
  }

  @Test
  void shouldRebindOnlyTheDeviceThatIsNamedWhenAnotherHasTheSameId() {
    HostAddress twin = kernel.device("0000:00:09.0", "1b36:0010", "7");
    before = kernel.state();
    new HandBinding(process.host()).take(List.of(disk), false);
    assertThat(process.notes).containsExactly("0000:00:08.0: taken: /dev/vfio/6");
    assertThat(driver(disk)).isEqualTo("vfio-pci");
    assertThat(driver(twin)).isEqualTo("nvme");
    assertThat(giveBack(disk)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldLoadVfioPciWhenItIsNotThere() {
    kernel.unload("vfio-pci");
    takeByHand(disk);
    assertThat(driver(disk)).isEqualTo("vfio-pci");
  }

  @Test
  void shouldSayWhatModprobeSaidWhenThereIsNoVfioPci() {
    kernel.unload("vfio-pci");
    kernel.withoutVfioModule();
    assertThatThrownBy(() -> takeByHand(disk))
        .hasMessage(
            "the kernel has no driver vfio-pci, and modprobe vfio-pci ended with 1: FATAL: Module"
                + " vfio-pci not found; a kernel with CONFIG_VFIO_PCI is needed");
    assertAllIsAsBefore();
  }

  @Test
  void shouldRestoreWhatWasSetBeforeWhenGivenBack() {
    kernel.file(nic.sysfs() + "/driver_override", "e1000e");
    kernel.file(nic.sysfs() + "/sriov_numvfs", "2");
    kernel.file(nic.sysfs() + "/power/control", "auto");
    before = kernel.state();
    takeByHand(nic);
    kernel.file(nic.sysfs() + "/reset_method", "bus");
    assertThat(kernel.state()).isNotEqualTo(before);
    assertThat(giveBack(nic)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldLeaveADeviceWithoutDriverThatHadNone() {
    HostAddress edu = kernel.device("0000:00:06.0", "1234:11e8", "4");
    before = kernel.state();
    takeByHand(edu);
    assertThat(giveBack(edu)).isEmpty();
    assertThat(process.notes).containsExactly("0000:00:06.0: given back; no driver had it");
    assertAllIsAsBefore();
  }

  @Test
  void shouldChangeOnlyTheOverrideWhenVfioPciHasTheDeviceAlready() {
    HostAddress edu = kernel.device("0000:00:06.0", "1234:11e8", "4");
    kernel.write("/sys/bus/pci/drivers/vfio-pci/bind", edu.toString());
    before = kernel.state();
    HeldDevices.take(process.host(), List.of(edu), false).close();
    assertThat(process.steps.taken())
        .containsExactly(
            "journal 0000:00:06.0 TAKING",
            "devices/0000:00:06.0/driver_override = vfio-pci",
            "journal 0000:00:06.0 HELD",
            "journal 0000:00:06.0 GIVING_BACK",
            "devices/0000:00:06.0/driver_override = ",
            "journal 0000:00:06.0 deleted");
    assertAllIsAsBefore();
  }

  @Test
  void shouldBindByNameWhenTheDriverHadTheDeviceByADynamicId() {
    HostAddress edu = kernel.driver("pci-stub").device("0000:00:06.0", "1234:11e8", "4");
    kernel.write("/sys/bus/pci/drivers/pci-stub/bind", edu.toString());
    before = kernel.state();
    takeByHand(edu);
    assertThat(giveBack(edu)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldGiveNetworkInterfacesTheirNamesBack() {
    HostAddress dual = kernel.device("0000:00:09.0", "8086:10d3", "7", "lan0", "lan1");
    before = kernel.state();
    takeByHand(dual);
    kernel.nameNext("eth1", "lan0");
    assertThat(giveBack(dual)).isEmpty();
    assertThat(process.steps.taken()).contains("ip link set dev eth1 name lan1");
    assertThat(process.notes).contains("0000:00:09.0: network interface eth1 is lan1 again");
    assertAllIsAsBefore();
  }

  @Test
  void shouldSayWhichNameCouldNotBeGivenBackWhenItIsTaken() {
    takeByHand(nic);
    kernel.device("0000:00:09.0", "8086:10d3", "7", "eth0");
    kernel.nameNext("eth1");
    assertThat(giveBack(nic)).isEmpty();
    assertThat(process.notes)
        .contains(
            "0000:00:07.0: network interface eth1 was eth0 and keeps its new name: ip link set dev"
                + " eth1 name eth0: RTNETLINK answers: File exists");
    assertThat(driver(nic)).isEqualTo("e1000e");
  }

  @Test
  void shouldTakeTheLinkDownForItsNameAndUpAgain() {
    takeByHand(nic);
    kernel.nameNext("eth1");
    kernel.takingNetdevsUp();
    assertThat(giveBack(nic)).isEmpty();
    assertThat(process.steps.taken())
        .containsSubsequence(
            "ip link set dev eth1 down",
            "ip link set dev eth1 name eth0",
            "ip link set dev eth0 up",
            "journal 0000:00:07.0 deleted");
    assertAllIsAsBefore();
  }

  @Test
  void shouldTakeNothingWhenOneOfASetIsInNoGroup() {
    HostAddress odd = HostAddress.parse("0000:00:1f.0");
    kernel.file(odd.sysfs() + "/driver_override", "(null)");
    assertThatThrownBy(() -> takeByHand(nic, disk, odd))
        .isInstanceOf(BindingException.class)
        .hasMessageContaining("0000:00:1f.0: in no IOMMU group");
    assertAllIsAsBefore();
  }

  @Test
  void shouldUndoAllWhenAnySingleChangeIsRefused() {
    int refused = 1;
    for (boolean complete = false; !complete; refused++) {
      try (SimulatedProcess other = new SimulatedProcess(kernel, run, 200 + refused)) {
        other.steps.refuseAt(refused);
        new HandBinding(other.host()).take(List.of(nic, disk), false);
        complete = true;
      } catch (RuntimeException e) {
        assertThat(e).hasMessageContaining("EIO");
        assertThat(kernel.state()).as("with step %d refused", refused).isEqualTo(before);
      }
    }
    assertThat(refused).isEqualTo(12);
    assertThat(List.of(driver(nic), driver(disk))).containsOnly("vfio-pci");
    assertThat(giveBack(nic, disk)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldNotTouchADeviceAgainThatTheKernelIsBusyWith() {
    String unbind = "devices/0000:00:08.0/driver/unbind";
    process.steps.blockOn(unbind);
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(nic, disk), false))
        .isInstanceOf(BlockedException.class);
    assertThat(process.steps.taken())
        .contains(unbind + " = 0000:00:08.0")
        .last()
        .asString()
        .isEqualTo("journal 0000:00:07.0 deleted");
    assertThat(driver(nic)).isEqualTo("e1000e");
    process.steps.blockOn("nothing");
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldGiveBackTheOthersAndKeepTheJournalWhenTheKernelIsBusyWithOne() {
    HeldDevices held = HeldDevices.take(process.host(), List.of(nic, disk), false);
    process.steps.blockOn("devices/0000:00:08.0/driver/unbind");
    assertThatThrownBy(held::close)
        .hasMessage(
            "still busy with devices/0000:00:08.0/driver/unbind = 0000:00:08.0\n"
                + "when that is settled: javelin pci recover");
    assertThat(driver(nic)).isEqualTo("e1000e");
    process.steps.blockOn("nothing");
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldNameTheFolderWhenJournalsCannotBeWritten() {
    Path folder = Path.of("/proc/no-such-folder");
    try (SimulatedProcess other = new SimulatedProcess(kernel, folder, 90)) {
      assertThatThrownBy(() -> HeldDevices.take(other.host(), List.of(nic), false))
          .isInstanceOf(BindingException.class)
          .hasMessageStartingWith("0000:00:07.0: cannot write to " + folder);
      HeldDevices.take(process.host(), List.of(nic), false);
      assertThatCode(() -> HeldDevices.ofTaken(other.host(), List.of(nic)).close())
          .as("without lock")
          .doesNotThrowAnyException();
    }
  }

  @Test
  void shouldSayThatVfioPciHasNotTakenTheDevice() {
    kernel.vfioRefuses(disk);
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(nic, disk), false))
        .hasMessage("0000:00:08.0: vfio-pci has not taken it; the kernel's log (dmesg) says why");
    assertAllIsAsBefore();
  }

  @Test
  void shouldNotTakeWhatIsTakenAlready() {
    takeByHand(nic);
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(disk, nic), false))
        .hasMessage(
            "0000:00:07.0: already taken by hand; give it back first (javelin pci give-back"
                + " 0000:00:07.0), or assign it with --assign-taken");
    assertThat(driver(disk)).isEqualTo("nvme");
  }

  @Test
  void shouldNameTheHolderWhenAnotherProcessHasTheDevice() {
    try (SimulatedProcess other = new SimulatedProcess(kernel, run, 4711);
        HeldDevices held = HeldDevices.take(other.host(), List.of(nic), false)) {
      String holder = "0000:00:07.0: held by process 4711 (javelin run); end that first";
      assertThat(giveBack(held.addresses().get(0), disk))
          .containsExactly(holder, "0000:00:08.0: not taken by Javelin");
      assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(disk, nic), false))
          .hasMessage(holder);
      assertThatThrownBy(() -> HeldDevices.ofTaken(process.host(), List.of(nic)))
          .hasMessage(holder);
      assertThat(driver(nic)).isEqualTo("vfio-pci");
      assertThat(driver(disk)).isEqualTo("nvme");
    }
    assertAllIsAsBefore();
  }

  @Test
  void shouldNotGiveBackWhatAProcessHasOpen() {
    takeByHand(nic);
    kernel.file("/proc/77/cmdline", "qemu-system-x86_64\0-M\0q35\0");
    kernel.directory("/proc/77/fd");
    kernel.linkOutside("/proc/77/fd/9", "/dev/vfio/5");
    assertThat(giveBack(nic))
        .containsExactly(
            "0000:00:07.0: process 77 (qemu-system-x86_64 -M q35) has /dev/vfio/5 open; end that"
                + " first");
    assertThat(driver(nic)).isEqualTo("vfio-pci");
    kernel.delete("/proc/77");
    assertThat(giveBack(nic)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldOnlyLockWhatWasTakenByHand() {
    takeByHand(nic);
    try (SimulatedProcess other = new SimulatedProcess(kernel, run, 4711);
        HeldDevices held = HeldDevices.ofTaken(other.host(), List.of(nic))) {
      assertThat(giveBack(held.addresses().get(0))).first().asString().contains("4711");
      assertThat(other.steps.taken()).isEmpty();
    }
    assertThat(driver(nic)).isEqualTo("vfio-pci");
    assertThat(giveBack(nic)).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldNotUseAsTakenWhatIsNot() {
    assertThatThrownBy(() -> HeldDevices.ofTaken(process.host(), List.of(nic)))
        .hasMessage(
            "0000:00:07.0: not taken, e1000e has it; as root: javelin pci take 0000:00:07.0");
  }

  @Test
  void shouldAskForRootWhenSysfsCannotBeWritten() {
    process.withoutRoot();
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(nic), false))
        .hasMessageStartingWith("0000:00:07.0: taking a device from its driver needs root");
    assertThat(giveBack(nic)).containsExactly("0000:00:07.0: giving a device back needs root");
    assertThat(process.steps.taken()).isEmpty();
  }

  @Test
  void shouldNameADeviceThatIsNotThere() {
    HostAddress none = HostAddress.parse("0000:00:1e.0");
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(none), false))
        .hasMessageContaining("0000:00:1e.0: no such PCI device");
    assertThat(giveBack(none))
        .containsExactly("0000:00:1e.0: not taken by Javelin; there is no such PCI device");
  }

  @Test
  void shouldSayWhoHasItWhenVfioPciDoesButNotByJavelin() {
    kernel.write("/sys/bus/pci/drivers/nvme/unbind", disk.toString());
    kernel.write("/sys/bus/pci/drivers/vfio-pci/bind", disk.toString());
    assertThat(giveBack(disk)).first().asString().contains("vfio-pci has it from elsewhere");
  }

  @Test
  void shouldSayHowToGoOnWhenTheDriverIsNotLoadedAnyMore() {
    takeByHand(disk);
    kernel.unload("nvme");
    assertThat(giveBack(disk))
        .containsExactly(
            "0000:00:08.0: its driver nvme has not taken it back, as it is not loaded any more:"
                + " modprobe it; then: javelin pci recover");
    kernel.driver("nvme", "1b36:0010");
    assertThat(Recovery.run(process.host()).problems()).isEmpty();
    assertAllIsAsBefore();
  }

  @Test
  void shouldForgetADeviceThatWasPulledOut() {
    takeByHand(disk);
    kernel.delete(disk.sysfs());
    assertThat(giveBack(disk)).isEmpty();
    assertThat(run).isDirectoryNotContaining("glob:**.json");
  }

  @Test
  void shouldChangeNothingWhenTheGuardRefuses() {
    TakeGuard guard =
        (devices, force) -> {
          if (!force) {
            throw new BindingException(devices.get(0) + ": in use");
          }
        };
    try (SimulatedProcess guarded = new SimulatedProcess(kernel, run, 300, guard)) {
      assertThatThrownBy(() -> HeldDevices.take(guarded.host(), List.of(nic), false))
          .hasMessage("0000:00:07.0: in use");
      assertThat(guarded.steps.taken()).isEmpty();
      HeldDevices.take(guarded.host(), List.of(nic), true).close();
    }
    assertAllIsAsBefore();
  }

  @Test
  void shouldWaitForTheGroupsNodeAndGiveBackWhenItDoesNotCome() {
    kernel.withoutNodes();
    assertThatThrownBy(() -> HeldDevices.take(process.host(), List.of(nic), false))
        .hasMessageContaining("/dev/vfio/5 has not appeared");
    assertAllIsAsBefore();
  }

  @Test
  void shouldKeepTheFoldersFilesReadable() throws Exception {
    takeByHand(nic);
    assertThat(Files.readString(run.resolve("0000:00:07.0.json")))
        .contains("\"driver\": \"e1000e\"", "\"netdevs\": [\"eth0\"]", "\"state\": \"TAKEN\"");
  }
}
