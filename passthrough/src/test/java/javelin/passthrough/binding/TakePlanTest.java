package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TakePlanTest {
  private static final String SYSFS = "/sys/bus/pci/devices/0000:00:03.0";
  private static final String PROBE = "/sys/bus/pci/drivers_probe";

  @TempDir Path root;

  private FakePciHost host;
  private FakePciDevice device;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    device = host.device("00:03.0").group(7);
  }

  private JournalFolder journals() {
    return new JournalFolder(Linux.system(), root.resolve("run"));
  }

  private String journal() {
    return root.resolve("run/0000:00:03.0.json").toString();
  }

  private TakePlan plan() {
    return TakePlan.of(host.files(), journals(), host.read("00:03.0"));
  }

  @Test
  void shouldNameEachWriteAndLossWhenDeviceIsBound() {
    device.driver("nvme").disk("nvme/nvme0", "nvme0n1", "259:0").netdev("eth0", false);
    host.partition("nvme0n1", "nvme0n1p1", "259:1");

    assertThat(plan().take())
        .containsExactly(
            TakeStep.of("load the driver: modprobe vfio-pci"),
            new TakeStep(
                "write down its driver, override and settings in a journal", journal(), ""),
            new TakeStep("let only vfio-pci bind to it", SYSFS + "/driver_override", "vfio-pci\n"),
            new TakeStep("unbind its driver nvme", SYSFS + "/driver/unbind", "0000:00:03.0"),
            new TakeStep("have vfio-pci bind to it", PROBE, "0000:00:03.0"),
            TakeStep.of("wait for its node /dev/vfio/7"));
    assertThat(plan().losses())
        .containsExactly("network interface eth0", "disk nvme0n1 with nvme0n1p1");
    assertThat(plan().giveBack())
        .containsExactly(
            new TakeStep("let any driver bind to it", SYSFS + "/driver_override", "\n"),
            new TakeStep("unbind vfio-pci", SYSFS + "/driver/unbind", "0000:00:03.0"),
            new TakeStep("have nvme bind to it", PROBE, "0000:00:03.0"),
            TakeStep.of("restore what nvme lets be set: reset method, power, names of interfaces"),
            new TakeStep("remove the journal", journal(), ""));
  }

  @Test
  void shouldLeaveOutWhatIsNotNeededWhenDeviceHasNoDriver() {
    host.directory("/sys/bus/pci/drivers/vfio-pci");
    device.attribute("driver_override", "uio");

    assertThat(plan().take())
        .extracting(TakeStep::file)
        .containsExactly(journal(), SYSFS + "/driver_override", PROBE, "");
    assertThat(plan().giveBack())
        .containsExactly(
            new TakeStep("let only uio bind to it", SYSFS + "/driver_override", "uio\n"),
            new TakeStep("unbind vfio-pci", SYSFS + "/driver/unbind", "0000:00:03.0"),
            new TakeStep("remove the journal", journal(), ""));
  }

  @Test
  void shouldReadFromJournalWhatATakenDeviceComesBackTo() {
    HostAddress address = HostAddress.parse("00:03.0");
    device.driver("e1000e");
    SavedDevice saved = SavedDevice.of(host.files(), address);
    journals().save(new Journal(Journal.State.TAKEN, saved, "boot", new Owner(1, 2)));
    device.driver("vfio-pci").attribute("driver_override", "vfio-pci");

    assertThat(plan().take()).isEmpty();
    assertThat(plan().giveBack())
        .extracting(TakeStep::words)
        .contains("let any driver bind to it", "have e1000e bind to it");
  }

  @Test
  void shouldSayThatDriverIsNotKnownWhenTakenDeviceHasNoJournal() {
    device.driver("vfio-pci").attribute("driver_override", "vfio-pci");

    assertThat(plan().take()).isEmpty();
    assertThat(plan().giveBack())
        .singleElement()
        .extracting(TakeStep::words)
        .asString()
        .startsWith("not know its driver of before");
  }
}
