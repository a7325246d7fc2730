package javelin.boot.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.boot.host.Fact.State;
import javelin.boot.machine.PcLayout;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.NoSuchDeviceException;
import javelin.passthrough.preflight.Preflight;
import javelin.vmm.kvm.KvmCapability;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorReportTest {
  @TempDir Path root;

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private FakePciHost host;
  private FakePciDevice nic;

  /** A port, a free network card behind it, and a sound and a video function in one group. */
  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    host.file("/proc/interrupts", "  24:   0  IR-PCI-MSI 1048576-edge  eth0\n")
        .directory("/sys/bus/pci/drivers/vfio-pci")
        .directory("/sys/module/vfio_iommu_type1")
        .file("/dev/vfio/vfio", "");
    FakePciDevice port = host.port("00:02.0").group(1);
    nic = host.behind(port, "01:00.0").type(0x020000).driver("e1000e").group(2).reset("flr");
    host.device("00:04.0").type(0x030000).driver("i915").group(4).reset("flr");
    host.device("00:04.1").type(0x040300).driver("snd_hda_intel").group(4).reset("pm");
  }

  private DoctorReport doctor(KvmProbe kvm) {
    return new DoctorReport(
        new Preflight(host.files(), new Linux(syscalls), Map.of()),
        PcLayout.guestLayout(RamConfig.of(512L << 20), 46),
        kvm);
  }

  private HostReport all() {
    return doctor(FakeHost.kvm()).ofAll();
  }

  private HostReport of(String... addresses) {
    return doctor(FakeHost.kvm()).of(List.of(addresses).stream().map(HostAddress::parse).toList());
  }

  private static List<Fact> devices(HostReport report) {
    return report.sections().get(1).facts();
  }

  private static Verdict assignment(HostReport report) {
    return report.verdicts().get(1);
  }

  @Test
  void shouldShowCheckListOfHost() {
    assertThat(ReportText.lines(all(), ReportText.DOCTOR_MARKS))
        .containsExactly(
            """
            Run guests      yes  with up to 64 CPUs each
            Assign devices  yes  3 of 4 PCI devices could go to a guest now

            Host
              ok /dev/kvm             present
              ok IOMMU                dmar0
              ok interrupt remapping  on
              ok VFIO modules         vfio-pci loaded, vfio_iommu_type1 loaded
              ok /dev/vfio/vfio       present
              ok RLIMIT_MEMLOCK       unlimited

            PCI devices
                 0000:00:02.0  never           a bridge: it stays with the host and serves
                                               the devices behind it, wherever they go
              ok 0000:00:04.0  with its group  its IOMMU group 4 also holds 0000:00:04.1
                                               (Audio device, driver snd_hda_intel); they go
                                               together: javelin pci take 0000:00:04.0
                                               0000:00:04.1
              ok 0000:00:04.1  with its group  its IOMMU group 4 also holds 0000:00:04.0
                                               (VGA controller, driver i915); they go
                                               together: javelin pci take 0000:00:04.1
                                               0000:00:04.0
              ok 0000:01:00.0  assignable

            ok: good   ?: a warning   !!: stands against assigning"""
                .lines()
                .toArray(String[]::new));
  }

  @Test
  void shouldSayWhatStandsAgainstAllDevices() {
    host.file("/proc/interrupts", "");
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 << 20, 8 << 20);

    HostReport report = all();

    assertThat(assignment(report))
        .isEqualTo(
            new Verdict(
                "Assign devices",
                false,
                "the host stands against it: interrupt remapping, RLIMIT_MEMLOCK"));
    assertThat(report.sections().get(0).fact("interrupt remapping").state())
        .isEqualTo(State.BLOCKS);
    assertThat(report.sections().get(0).fact("RLIMIT_MEMLOCK").neededFor()).startsWith("raise it");
  }

  @Test
  void shouldSayOnceThatThereIsNoIommu() {
    host.withoutIommu();
    for (String device : List.of("pci0000:00/0000:00:04.0", "pci0000:00/0000:00:04.1")) {
      host.delete("/sys/devices/" + device + "/iommu_group");
    }
    host.delete("/sys/bus/pci/devices/0000:00:02.0/iommu_group");
    host.delete(nic.path() + "/iommu_group");

    HostReport report = all();

    assertThat(report.sections().get(0).fact("IOMMU").state()).isEqualTo(State.BLOCKS);
    assertThat(report.sections().get(0).fact("interrupt remapping"))
        .isEqualTo(Fact.plain("interrupt remapping", "none, as there is no IOMMU"));
    assertThat(devices(report)).contains(new Fact("0000:01:00.0", State.BLOCKS, "no IOMMU", ""));
  }

  @Test
  void shouldOnlyWarnWhenVfioIsToldToLookAway() {
    host.file("/proc/interrupts", "")
        .file("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");

    HostReport report = all();

    assertThat(assignment(report).possible()).isTrue();
    assertThat(ReportText.lines(report, ReportText.DOCTOR_MARKS))
        .anyMatch(line -> line.startsWith("  ?  interrupt remapping  off, and vfio_iommu_type1's"));
    assertThat(ReportJson.of(report)).contains("\"interrupt remapping\", \"state\": \"warns\"");
  }

  @Test
  void shouldSayThatDeviceCannotBeHadNow() {
    nic.bar(0, 1L << 30, 0x200);

    assertThat(devices(all()))
        .contains(
            new Fact(
                "0000:01:00.0",
                State.BLOCKS,
                "not now",
                "its BAR 0 of 1 GiB has no room in the guest's window of 512 MiB for 32-bit BARs;"
                    + " assign fewer devices to one guest, or make the BAR smaller where the"
                    + " firmware or the device can (resizable BAR)"));
  }

  @Test
  void shouldSayThatNothingCanBeAssignedWhereNoGuestRuns() {
    HostReport report = doctor(FakeHost.kvmWithout(KvmCapability.values()[0])).ofAll();

    assertThat(report.verdicts()).noneMatch(Verdict::possible);
    assertThat(assignment(report).reason()).isEqualTo("no guest runs here");
    assertThat(report.sections().get(0).fact("/dev/kvm").state()).isEqualTo(State.BLOCKS);
  }

  @Test
  void shouldLookAtNamedDevicesAsForOneGuest() {
    HostReport alone = of("00:04.0");
    HostReport together = of("00:04.0", "00:04.1", "00:04.0");

    assertThat(assignment(alone))
        .isEqualTo(new Verdict("Assign devices", false, "see each device below"));
    assertThat(devices(alone))
        .containsExactly(
            new Fact(
                "0000:00:04.0",
                State.BLOCKS,
                "its IOMMU group 4 also holds 0000:00:04.1 (Audio device, driver snd_hda_intel)",
                "they go together: javelin pci take 0000:00:04.1"));
    assertThat(assignment(together))
        .isEqualTo(new Verdict("Assign devices", true, "all of them to one guest"));
    assertThat(devices(together)).extracting(Fact::state).containsExactly(State.OK, State.OK);
    assertThat(assignment(of("01:00.0")).reason()).isEqualTo("0000:01:00.0 to a guest");
  }

  @Test
  void shouldRefuseDeviceThatIsNotThere() {
    assertThatThrownBy(() -> of("09:00.0"))
        .isInstanceOf(NoSuchDeviceException.class)
        .hasMessageStartingWith("0000:09:00.0: no such PCI device");
  }
}
