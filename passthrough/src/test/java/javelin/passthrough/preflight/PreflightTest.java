package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javelin.devices.pci.AddressWindow;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PreflightTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final long MEM32 = 0x200;
  private static final long MEM64 = 0x10_0200;
  private static final String NIC = "0000:01:00.0";
  private static final String UNSAFE =
      "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";

  @TempDir Path root;

  private final FakeSyscalls syscalls = new FakeSyscalls();
  private final Set<String> denied = new HashSet<>();
  private FakePciHost host;
  private FakePciDevice nic;
  private GuestLayout guest = guest(2 * GIB);

  /** A VT-d host where all is well, with one network card that nothing uses. */
  @BeforeEach
  void makeHealthyHost() {
    host = new FakePciHost(root);
    host.file("/proc/sys/kernel/osrelease", "6.1.0-test\n")
        .file("/proc/interrupts", "  24:   0  IR-PCI-MSI 1048576-edge  eth0\n")
        .directory("/sys/bus/pci/drivers/vfio-pci")
        .directory("/sys/module/vfio_iommu_type1")
        .directory("/sys/class/misc/vfio")
        .file("/dev/vfio/vfio", "")
        .file("/sys/class/iommu/dmar0/intel-iommu/cap", "d2008c222f0606\n");
    nic = nic(NIC, 3);
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        "0x00000000fee00000 0x00000000feefffff msi\n");
  }

  private FakePciDevice nic(String address, int group) {
    FakePciDevice device =
        host.device(address).type(0x020000).driver("e1000e").group(group).reset("flr bus");
    host.link(device.path() + "/iommu", "/sys/class/iommu/dmar0");
    return device.bar(0, 128 << 10, MEM32);
  }

  private static GuestLayout guest(long ram) {
    long low = Math.min(ram, 3 * GIB);
    List<AddressWindow> windows = new ArrayList<>(List.of(new AddressWindow(0, low)));
    if (ram > low) {
      windows.add(new AddressWindow(4 * GIB, ram - low));
    }
    return new GuestLayout(
        windows,
        ram,
        new AddressWindow(3 * GIB, 512 * MIB),
        Optional.of(new AddressWindow(64 * GIB, 64 * GIB)));
  }

  private static WantedDevice wanted(String address) {
    return new WantedDevice(HostAddress.parse(address), false, false);
  }

  private static WantedDevice wantedTaken() {
    return new WantedDevice(HostAddress.parse(NIC), true, false);
  }

  private Preflight preflight() {
    return new Preflight(
        host.files(), new Linux(syscalls), Map.of(), path -> !denied.contains(path));
  }

  private List<Finding> findings(WantedDevice... wanted) {
    return preflight().all(List.of(wanted), guest, false);
  }

  private static List<String> texts(List<Finding> findings) {
    return findings.stream().map(Finding::text).toList();
  }

  /** Requires that there is this finding alone and that it blocks. */
  private void assertBlocked(String text) {
    assertBlocked(text, wanted(NIC));
  }

  private void assertBlocked(String text, WantedDevice... wanted) {
    List<Finding> findings = findings(wanted);

    assertThat(texts(findings)).containsExactly(text);
    assertThat(findings).allMatch(Finding::isBlocking);
  }

  @Test
  void shouldFindNothingWhenHostIsHealthy() {
    assertThat(findings(wanted(NIC))).isEmpty();
    assertThat(preflight().host(guest))
        .extracting(result -> result.topic() + ": " + result.state())
        .containsExactly(
            "IOMMU: dmar0",
            "interrupt remapping: on",
            "VFIO modules: vfio-pci loaded, vfio_iommu_type1 loaded",
            "/dev/vfio/vfio: present",
            "RLIMIT_MEMLOCK: unlimited");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DMAR | IOMMU: VT-d is there, but off; boot this host with intel_iommu=on",
        "IVRS | IOMMU: AMD-Vi is there, but off; boot this host without amd_iommu=off and iommu=off",
        "FACP | IOMMU: this host has no IOMMU, or its firmware hides it; switch on VT-d or AMD-Vi"
            + " there (./javelin lab has one)"
      })
  void shouldSayWhyThereIsNoIommu(String table, String text) throws IOException {
    removeIommu();
    host.file("/sys/firmware/acpi/tables/" + table, "");

    assertBlocked(text);
  }

  private void removeIommu() throws IOException {
    Path unit = root.resolve("sys/class/iommu/dmar0");
    Files.delete(unit.resolve("intel-iommu/cap"));
    Files.delete(unit.resolve("intel-iommu"));
    host.withoutIommu().delete(nic.path() + "/iommu").delete(nic.path() + "/iommu_group");
  }

  @Test
  void shouldNameDeviceWhenIommuDoesNotCoverIt() {
    host.device("02:00.0").reset("flr");

    assertBlocked(
        "0000:02:00.0: in no IOMMU group: the IOMMU of this host does not cover it; another slot"
            + " may be covered",
        wanted("02:00.0"));
  }

  @Test
  void shouldBlockWhenInterruptsAreNotRemapped() {
    host.file("/proc/interrupts", "  24:   0  PCI-MSI 1048576-edge  eth0\n");

    assertBlocked(
        "interrupt remapping: off (/proc/interrupts names no IR- chip), so that a guest could forge"
            + " interrupts of this host; switch on interrupt remapping, on Intel also x2APIC, in the"
            + " firmware (vfio_iommu_type1's allow_unsafe_interrupts=1 only makes VFIO look away)");
  }

  @Test
  void shouldNameKernelParameterWhenHardwareCouldRemapInterrupts() {
    host.file("/proc/interrupts", "  24:   0  PCI-MSI 1048576-edge  eth0\n")
        .file("/sys/class/iommu/dmar0/intel-iommu/ecap", "f0f0de\n")
        .file(UNSAFE, "N\n");

    assertBlocked(
        "interrupt remapping: off (/proc/interrupts names no IR- chip), so that a guest could forge"
            + " interrupts of this host; the hardware has it: boot without intremap=off; dmesg"
            + " (DMAR-IR) tells if the firmware stands against it");
  }

  @Test
  void shouldOnlyWarnWhenVfioIsToldToLookAway() {
    host.file("/proc/interrupts", "  24:   0  PCI-MSI 1048576-edge  eth0\n").file(UNSAFE, "Y\n");

    List<Finding> findings = findings(wanted(NIC));

    assertThat(texts(findings))
        .containsExactly(
            "interrupt remapping: off, and vfio_iommu_type1's allow_unsafe_interrupts=1 makes VFIO"
                + " look away: the guest can forge interrupts of this host; assign only to guests"
                + " that you trust like this host itself");
    assertThat(findings).noneMatch(Finding::isBlocking);
  }

  @Test
  void shouldNameModulesThatKernelLacks() {
    host.delete("/sys/bus/pci/drivers/vfio-pci").delete("/sys/module/vfio_iommu_type1");

    assertThat(texts(findings(wanted(NIC))))
        .containsExactly(
            "vfio-pci: neither loaded nor in /lib/modules/6.1.0-test; use a kernel with"
                + " CONFIG_VFIO_PCI, with its modules installed",
            "vfio_iommu_type1: neither loaded nor in /lib/modules/6.1.0-test; use a kernel with"
                + " CONFIG_VFIO_IOMMU_TYPE1, with its modules installed");
  }

  @ParameterizedTest
  @CsvSource({
    "modules.dep, ': kernel/virt/lib/irqbypass.ko', not loaded yet",
    "modules.builtin, '', built in"
  })
  void shouldFindNothingWhenModulesCanBeHad(String list, String rest, String state) {
    host.delete("/sys/bus/pci/drivers/vfio-pci").delete("/sys/module/vfio_iommu_type1");
    host.file(
        "/lib/modules/6.1.0-test/" + list,
        String.format(
            "kernel/drivers/vfio/pci/vfio-pci.ko%1$s\nkernel/drivers/vfio/vfio_iommu_type1.ko%1$s\n",
            rest));

    assertThat(findings(wanted(NIC))).isEmpty();
    assertThat(preflight().host(guest).get(2).state())
        .isEqualTo("vfio-pci " + state + ", vfio_iommu_type1 " + state);
  }

  @Test
  void shouldAskForModuleWhenNothingLoadsItAnyMore() {
    host.delete("/sys/module/vfio_iommu_type1")
        .file("/lib/modules/6.1.0-test/modules.dep", "kernel/vfio_iommu_type1.ko.xz:\n");

    assertBlocked("vfio_iommu_type1: not loaded; as root: modprobe vfio_iommu_type1");
  }

  @Test
  void shouldBlockWhenContainerNodeIsMissingOrDenied() {
    denied.add("/dev/vfio/vfio");
    assertBlocked(
        "/dev/vfio/vfio: this user may not open it; as root: chmod 0666 /dev/vfio/vfio (it gives"
            + " access to nothing by itself)");

    host.delete("/dev/vfio/vfio");
    assertBlocked(
        "/dev/vfio/vfio: no such node, though VFIO is loaded; mount a devtmpfs on /dev, or pass the"
            + " node on to this container");

    host.delete("/sys/class/misc/vfio");
    assertThat(findings(wanted(NIC))).isEmpty();
  }

  @Test
  void shouldBlockWhenLimitOfLockedMemoryIsTooLow() {
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 64 * MIB);

    assertBlocked(
        "RLIMIT_MEMLOCK: pinning the guest's RAM needs 2 GiB, and the limit is 8 MiB (soft), 64 MiB"
            + " (hard); raise it: ulimit -l unlimited (as root: prlimit --pid $$"
            + " --memlock=unlimited), LimitMEMLOCK=infinity in the systemd unit, or the capability"
            + " CAP_IPC_LOCK; or run with less --memory");
  }

  @Test
  void shouldFindNothingWhenHardLimitOfLockedMemoryIsEnough() {
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 2 * GIB);

    assertThat(findings(wanted(NIC))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"000001ffffffffff, 0", "0000000000004000, 0", "0000000000008000, 1"})
  void shouldNotCareForLimitWhenProcessMayLock(String capabilities, int findings) {
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB);
    host.file("/proc/self/status", "Name:\tjava\nCapEff:\t" + capabilities + "\n");

    assertThat(findings(wanted(NIC))).hasSize(findings);
  }

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

  @Test
  void shouldNameReservedRangeThatRamLiesOver() {
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        """
        0x00000000000a0000 0x00000000000bffff direct-relaxable
        0x00000000fee00000 0x00000000feefffff msi
        0x0000000140000000 0x000000014fffffff reserved
        """);
    guest = guest(5 * GIB);

    assertBlocked(
        "guest RAM: 0x100000000-0x17fffffff lies over 0x140000000-0x14fffffff (reserved), which"
            + " devices of IOMMU group 3 cannot use for memory; give the guest less: --memory"
            + " 4096M");
  }

  @Test
  void shouldSaySoWhenNoRamIsLeftBelowReservedRange() {
    host.file("/sys/kernel/iommu_groups/3/reserved_regions", "0x0 0xfff reserved\n");

    assertBlocked(
        "guest RAM: 0x0-0x7fffffff lies over 0x0-0xfff (reserved), which devices of IOMMU group 3"
            + " cannot use for memory; no guest can have its devices on this host");
  }

  @Test
  void shouldNameWidthOfIommuThatRamExceeds() {
    // 39 bits, as most desktops have.
    host.file("/sys/class/iommu/dmar0/intel-iommu/cap", "1c0000c40660462\n");
    guest = guest(600 * GIB);

    assertBlocked(
        "guest RAM: ends at 0x963fffffff, and the IOMMU of 0000:01:00.0 reaches only 0x7fffffffff"
            + " (39 bits); give the guest less: --memory 523264M");
  }

  @Test
  void shouldNameBarThatWindowHasNoRoomFor() {
    nic.bar(1, 256 * MIB, MEM32).bar(2, 64 * GIB, MEM64).bar(4, 4096, MEM64);
    nic("02:00.0", 4).bar(1, 256 * MIB, MEM32);
    String remedy =
        "; assign fewer devices to one guest, or make the BAR smaller where the firmware or the"
            + " device can (resizable BAR)";

    assertThat(texts(findings(wanted(NIC), wanted("02:00.0"))))
        .containsExactly(
            "0000:01:00.0: its BAR 0 of 128 KiB has no room in the guest's window of 512 MiB for"
                + " 32-bit BARs"
                + remedy,
            "0000:02:00.0: its BAR 0 of 128 KiB has no room in the guest's window of 512 MiB for"
                + " 32-bit BARs"
                + remedy,
            "0000:01:00.0: its BAR 4 of 4 KiB has no room in the guest's window of 64 GiB for"
                + " 64-bit BARs"
                + remedy);
  }

  @Test
  void shouldPutWideBarsBelowWhenThereIsNoWideWindow() {
    nic.bar(2, GIB, MEM64);
    guest = new GuestLayout(guest.ram(), guest.lockedBytes(), guest.mmio32(), Optional.empty());

    assertThat(texts(findings(wanted(NIC))))
        .singleElement()
        .asString()
        .startsWith(
            "0000:01:00.0: its BAR 2 of 1 GiB has no room in the guest's window of 512 MiB");
  }

  @Test
  void shouldTellEverythingAtOnce() {
    host.file("/proc/interrupts", "");
    syscalls.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB);
    nic.reset("").netdev("eth0", true);
    host.routes("eth0 00000000 00000000");
    nic("01:00.1", 3);

    assertThat(findings(wanted(NIC), wanted("09:00.0")))
        .extracting(Finding::subject)
        .containsExactly(
            "interrupt remapping",
            "RLIMIT_MEMLOCK",
            "0000:09:00.0",
            "0000:01:00.0",
            "0000:01:00.0",
            "0000:01:00.0");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLookAtThisHostWithoutException(boolean force) {
    Preflight preflight = new Preflight(HostFiles.system(), Linux.system(), System.getenv());
    List<WantedDevice> all =
        preflight.inventory().devices().stream()
            .map(device -> new WantedDevice(device.address(), false, false))
            .toList();

    assertThat(preflight.host(guest)).hasSize(5);
    assertThat(preflight.devices(all, guest, force)).doesNotContainNull();
  }
}
