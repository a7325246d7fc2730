package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.HostAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a device and its group stands against its assignment. */
class DevicePreflightTest extends PreflightTestBench {
  @Test
  void shouldSayThatDeviceIsNotThere() {
    assertBlocked(
        "0000:09:00.0: no such PCI device; javelin pci list shows those of this host",
        wanted("09:00.0"));
  }

  @Test
  void shouldSayThatDeviceIsNeverAssigned() {
    host.port("00:02.0").group(2);

    assertBlocked(
        "0000:00:02.0: never assigned: a bridge: it stays with the host and serves the devices"
            + " behind it, wherever they go; javelin pci list shows what can be",
        wanted("00:02.0"));
  }

  @Test
  void shouldNameUseUnlessForced() {
    nic.netdev("eth0", true);
    host.routes("eth0 00000000 00000000");

    assertBlocked(
        "0000:01:00.0: eth0 is up and has the default route; --force takes it all the same");
    assertThat(preflight().all(List.of(wanted(NIC)), guest, true)).isEmpty();
  }

  @Test
  void shouldNameCompanionsTheirDriversAndTheCommandThatTakesThem() {
    host.port("00:02.0").group(3);
    nic("01:00.1", 3).type(0x040300).driver("snd_hda_intel");
    nic("01:00.2", 3).driver("vfio-pci");

    assertBlocked(
        "0000:01:00.0: its IOMMU group 3 also holds 0000:01:00.1 (Audio device, driver"
            + " snd_hda_intel); they go together: javelin pci take 0000:01:00.1 (bridges stay as"
            + " they are: 0000:00:02.0)");
    assertThat(findings(wanted(NIC), wanted("01:00.1"))).isEmpty();
  }

  @Test
  void shouldNameUseOfCompanion() {
    nic("01:00.1", 3).netdev("eth1", true);
    host.routes("eth1 00000000 00000000");

    assertBlocked(
        "0000:01:00.0: its IOMMU group 3 also holds 0000:01:00.1 (Ethernet controller, driver"
            + " e1000e, eth1 is up and has the default route); they go together: javelin pci take"
            + " 0000:01:00.1");
  }

  @Test
  void shouldBlockWhenNothingResetsDeviceUnlessAllowed() {
    nic.reset("");

    assertBlocked(
        "0000:01:00.0: the kernel knows no way to reset it (a bus reset needs a port above it), so"
            + " the next guest finds what this one leaves in it; --assign 0000:01:00.0,no-reset=allow accepts that");
    assertThat(findings(new WantedDevice(HostAddress.parse(NIC), false, true)))
        .extracting(Finding::severity, Finding::remedy)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(
                Finding.Severity.WARNS, "accepted by no-reset=allow"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "bus"})
  void shouldNameWhatSharesTheBusWhenOnlyThatCanBeReset(String methods) {
    FakePciDevice port = host.port("00:02.0").group(1);
    FakePciDevice own = host.behind(port, "02:00.0").group(4).reset(methods);
    FakePciDevice other = host.behind(port, "02:00.1").group(5).driver("snd_hda_intel");

    assertBlocked(
        "0000:02:00.0: it can be reset only together with 0000:02:00.1 (driver snd_hda_intel),"
            + " which this guest does not have, so the next guest finds what this one leaves in it;"
            + " --assign 0000:02:00.0,no-reset=allow accepts that",
        wanted("02:00.0"));
    other.driver("vfio-pci");
    assertThat(texts(findings(wanted("02:00.0"))))
        .as("taken, but in a group that is not the guest's")
        .singleElement()
        .asString()
        .contains("0000:02:00.1 (driver vfio-pci)");
    assertThat(findings(wanted("02:00.0"), wanted("02:00.1"))).as("both").isEmpty();
    own.reset("flr");
    assertThat(findings(wanted("02:00.0"))).as("by itself").isEmpty();
  }

  @Test
  void shouldResetTheBusWithAMemberOfTheGroupThatIsTaken() {
    FakePciDevice port = host.port("00:02.0").group(1);
    host.behind(port, "02:00.0").group(4).reset("");
    host.behind(port, "02:00.1").group(4).driver("vfio-pci");

    assertThat(findings(wanted("02:00.0"))).isEmpty();
  }

  @Test
  void shouldBlockWhenTheOneFunctionOnItsBusHasNoReset() {
    host.behind(host.port("00:02.0").group(1), "02:00.0").group(4).reset("");

    assertBlocked(
        "0000:02:00.0: the kernel knows no way to reset it, so the next guest finds what this one"
            + " leaves in it; --assign 0000:02:00.0,no-reset=allow accepts that",
        wanted("02:00.0"));
  }

  @Test
  void shouldNameProcessThatHasDeviceOfTheGroup() {
    nic.driver("vfio-pci");
    host.file("/dev/vfio/3", "").file("/proc/77/cmdline", "qemu\0-m\0");
    open("/proc/77/fd/9", "/dev/vfio/3");

    assertBlocked(
        "0000:01:00.0: process 77 (qemu -m) has /dev/vfio/3 open; end that first", wantedTaken());
  }

  @Test
  void shouldNameOtherJavelinThatHasLockedDevice() {
    String lock = "/run/javelin/" + NIC + ".lock";
    host.file(lock, "78\n").file("/proc/78/cmdline", "java\0javelin\0run\0");
    assertThat(findings(wanted(NIC))).isEmpty();

    open("/proc/78/fd/5", lock);
    assertBlocked(
        "0000:01:00.0: process 78 (java javelin run) has /run/javelin/0000:01:00.0.lock open; end"
            + " that first");
  }

  private void open(String link, String target) {
    Path file = root.resolve(link.substring(1));
    try {
      Files.createDirectories(file.getParent());
      Files.createSymbolicLink(file, Path.of(target));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void shouldAskForRootWhenDeviceIsNotTakenYet() {
    denied.add("/sys/bus/pci/devices/0000:01:00.0/driver_override");

    assertBlocked(
        "0000:01:00.0: taking a device from its driver needs root; as root: javelin pci take"
            + " 0000:01:00.0, and then --assign-taken");
  }

  @Test
  void shouldAskForTakingWhenDeviceShouldBeTaken() {
    assertBlocked(
        "0000:01:00.0: not taken, e1000e has it; as root: javelin pci take 0000:01:00.0",
        wantedTaken());
  }

  @Test
  void shouldBlockWhenGroupNodeIsMissingOrDenied() {
    nic.driver("vfio-pci");
    assertBlocked(
        "/dev/vfio/3: no such node, though 0000:01:00.0 is taken; mount a devtmpfs on /dev, or pass"
            + " the node on to this container",
        wantedTaken());

    host.file("/dev/vfio/3", "");
    assertThat(findings(wantedTaken())).isEmpty();

    denied.add("/dev/vfio/3");
    assertBlocked(
        "/dev/vfio/3: this user may not open it; as root: chown $USER /dev/vfio/3, for this one"
            + " group",
        wantedTaken());
  }
}
