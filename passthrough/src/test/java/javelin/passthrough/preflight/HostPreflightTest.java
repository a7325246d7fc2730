package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What of the host stands against any assignment. */
class HostPreflightTest extends PreflightTestBench {
  private static final String UNSAFE =
      "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";

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
}
