package javelin.passthrough.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.fake.FakeVfio;
import javelin.passthrough.model.ModelShape;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.memory.RamRegion;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kernel's VFIO: the order of its calls, what it tells of a device, and how it refuses. */
final class KernelVfioTest {
  private static final int BAR = 0;
  private static final List<VfioRegion.Area> SPARSE =
      List.of(new VfioRegion.Area(0, 0x1000), new VfioRegion.Area(0x3000, 0x2000));
  private static final int MIB = 1 << 20;

  private final AssignBench bench =
      new AssignBench(
          new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.EXPRESS_LENGTH)
              .bar(BAR, 0x8000, 0, SPARSE)
              .mappedBar(1, 0x4000, 0)
              .mappedBar(2, 0x100, 0)
              .pin()
              .msix(80, 1, 0, 0x1000, true)
              .resettable());

  @AfterEach
  void requireNothingLeft() {
    bench.close();
  }

  @Test
  void shouldUseTheNumbersOfTheKernelsHeader() {
    assertThat(VfioIoctl.VFIO_GET_API_VERSION).isEqualTo(0x3b64);
    assertThat(VfioIoctl.VFIO_CHECK_EXTENSION).isEqualTo(0x3b65);
    assertThat(VfioIoctl.VFIO_SET_IOMMU).isEqualTo(0x3b66);
    assertThat(VfioIoctl.VFIO_GROUP_GET_STATUS).isEqualTo(0x3b67);
    assertThat(VfioIoctl.VFIO_GROUP_SET_CONTAINER).isEqualTo(0x3b68);
    assertThat(VfioIoctl.VFIO_GROUP_UNSET_CONTAINER).isEqualTo(0x3b69);
    assertThat(VfioIoctl.VFIO_GROUP_GET_DEVICE_FD).isEqualTo(0x3b6a);
    assertThat(VfioIoctl.VFIO_DEVICE_GET_INFO).isEqualTo(0x3b6b);
    assertThat(VfioIoctl.VFIO_DEVICE_GET_REGION_INFO).isEqualTo(0x3b6c);
    assertThat(VfioIoctl.VFIO_DEVICE_GET_IRQ_INFO).isEqualTo(0x3b6d);
    assertThat(VfioIoctl.VFIO_DEVICE_SET_IRQS).isEqualTo(0x3b6e);
    assertThat(VfioIoctl.VFIO_DEVICE_RESET).isEqualTo(0x3b6f);
    assertThat(VfioIoctl.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO).isEqualTo(0x3b70);
    assertThat(VfioIoctl.VFIO_DEVICE_PCI_HOT_RESET).isEqualTo(0x3b71);
    assertThat(VfioIoctl.VFIO_IOMMU_GET_INFO).isEqualTo(0x3b70);
    assertThat(VfioIoctl.VFIO_IOMMU_MAP_DMA).isEqualTo(0x3b71);
    assertThat(VfioIoctl.VFIO_IOMMU_UNMAP_DMA).isEqualTo(0x3b72);
  }

  @Test
  void shouldOpenInTheKernelsOrderAndCloseInReverse() {
    AtomicReference<KernelVfio> vfio = new AtomicReference<>();
    assertThat(bench.vfioCallsOf(() -> vfio.set(bench.open())))
        .filteredOn(call -> !call.startsWith("DEVICE_GET"))
        .containsExactly(
            "open /dev/vfio/vfio",
            "GET_API_VERSION",
            "CHECK_EXTENSION",
            "open /dev/vfio/7",
            "GROUP_GET_STATUS",
            "GROUP_SET_CONTAINER",
            "SET_IOMMU",
            "IOMMU_GET_INFO",
            "IOMMU_GET_INFO",
            "IOMMU_MAP_DMA",
            "KVM_SET_DEVICE_ATTR",
            "GROUP_GET_DEVICE_FD");
    assertThat(bench.vfio.dma()).containsExactly(Map.entry(0L, 2L * MIB));
    assertThat(bench.kvm.files()).isEqualTo(1);
    assertThat(bench.vfioCallsOf(vfio.get()::close))
        .containsExactly(
            "close " + FakeVfio.DEVICE,
            "KVM_SET_DEVICE_ATTR",
            "close kvm-vfio",
            "IOMMU_UNMAP_DMA",
            "GROUP_UNSET_CONTAINER",
            "close /dev/vfio/7",
            "close /dev/vfio/vfio");
    assertThat(bench.vfio.dma()).isEmpty();
    assertThat(bench.kvm.files()).isZero();
    assertThat(bench.vfio.violations()).isEmpty();
    assertThat(bench.kvm.violations()).isEmpty();
  }

  @Test
  void shouldWaitWhileTheKernelResetsTheDevice() {
    bench.vfio.busyFor(2);
    assertThat(bench.vfioCallsOf(() -> bench.open().close()))
        .filteredOn("GROUP_GET_DEVICE_FD"::equals)
        .hasSize(3);
  }

  @Test
  void shouldTellWhatTheDeviceHas() {
    try (KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      assertThat(device.name()).isEqualTo(FakeVfio.DEVICE);
      assertThat(device.canReset()).isTrue();
      assertThat(device.region(BAR).areas()).as("exactly as given").isEqualTo(SPARSE);
      assertThat(device.region(1).areas()).containsExactly(new VfioRegion.Area(0, 0x4000));
      assertThat(device.region(2).areas()).as("less than a page").isEmpty();
      assertThat(device.region(3).isPresent()).isFalse();
      assertThat(device.region(8).isPresent()).as("VGA: EINVAL").isFalse();
      assertThat(device.region(99).isPresent()).isFalse();
      assertThat(device.irq(VfioIrq.INTX).count()).isEqualTo(1);
      assertThat(device.irq(VfioIrq.MSI).isPresent()).isFalse();
      assertThat(device.irq(VfioIrq.MSIX).count()).isEqualTo(80);
      assertThat(device.irq(VfioIrq.MSIX).isFixedWhileOn()).isTrue();
      assertThat(device.irq(VfioIrq.ERROR).isPresent()).as("EINVAL").isFalse();
      assertThat(device.irq(99).isPresent()).isFalse();
    }
  }

  @Test
  void shouldMapAtTheRegionsPlaceInTheDevicesFile() {
    try (KernelVfio vfio = bench.open();
        Mapping mapping = vfio.devices().get(0).map(1, 0x1000, 0x2000)) {
      assertThat(mapping.length()).isEqualTo(0x2000);
      List<String> calls = bench.syscalls.calls("mmap");
      assertThat(calls.get(calls.size() - 1)).endsWith(", " + ((1L << 40) + 0x1000) + ")");
    }
  }

  @Test
  void shouldReadAllOnesOfItsSizeWhenTheDeviceDoesNotAnswer() {
    try (KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      assertThat(device.read(VfioRegion.CONFIG, 0, 4)).isEqualTo(0x0001_1234L);
      bench.syscalls.failAlways("pread", Errno.EIO);
      assertThat(device.read(VfioRegion.CONFIG, 0, 1)).isEqualTo(0xffL);
      assertThat(device.read(VfioRegion.CONFIG, 0, 2)).isEqualTo(0xffffL);
      assertThat(device.read(VfioRegion.CONFIG, 0, 4)).isEqualTo(0xffff_ffffL);
      assertThat(device.read(VfioRegion.CONFIG, 0, 8)).isEqualTo(-1L);
    }
  }

  @Test
  void shouldSayWhatToDoWhenTheContainerCannotBeOpened() {
    refuseOpen(1, Errno.ENOENT, "/dev/vfio/vfio", "modprobe vfio-pci");
    refuseOpen(1, Errno.EACCES, "/dev/vfio/vfio", "permission denied");
    refuseOpen(1, Errno.EMFILE, "/dev/vfio/vfio", "EMFILE");
  }

  @Test
  void shouldSayWhatToDoWhenTheGroupCannotBeOpened() {
    refuseOpen(2, Errno.EBUSY, "IOMMU group 7, /dev/vfio/7", "another process holds the group");
    refuseOpen(2, Errno.ENOENT, "IOMMU group 7, /dev/vfio/7", "`javelin pci take`");
    refuseOpen(2, Errno.EACCES, "IOMMU group 7, /dev/vfio/7", "permission denied");
  }

  private void refuseOpen(int occurrence, Errno errno, String thing, String remedy) {
    bench.syscalls.fail("open", occurrence, errno);
    refused(thing, remedy);
  }

  private void refused(String... parts) {
    assertThatThrownBy(bench::open)
        .isInstanceOf(VfioException.class)
        .hasMessageContainingAll(parts);
    assertThat(bench.syscalls.openFds()).noneMatch(fd -> fd.contains("vfio"));
    assertThat(bench.vfio.dma()).isEmpty();
  }

  @Test
  void shouldRefuseAnotherVersionOfVfio() {
    bench.vfio.apiVersion(1);
    refused("version 1");
  }

  @Test
  void shouldNameTheModuleWhenTheBackEndIsMissing() {
    bench.vfio.withoutType1();
    refused("modprobe vfio_iommu_type1");
  }

  @Test
  void shouldRefuseAGroupThatHostDriversUse() {
    bench.vfio.notViable();
    refused("IOMMU group 7", "host drivers", "`javelin pci take`");
  }

  @Test
  void shouldExplainThatInterruptRemappingIsMissing() {
    bench.syscalls.onIoctl(VfioIoctl.VFIO_SET_IOMMU, (fd, type) -> -Errno.EPERM.number());
    refused("interrupt remapping", "`javelin doctor`");
  }

  @Test
  void shouldNameTheLimitWhenMemoryCannotBePinned() {
    refuseMapping(Errno.ENOMEM);
    bench.syscalls.limit(Linux.RLIMIT_MEMLOCK, MIB, MIB);
    refused("Pinning 2 MiB", "RLIMIT_MEMLOCK", "the limit is 1 MiB");
  }

  @Test
  void shouldCountWhatIsPinnedAlreadyWhenMemoryCannotBePinned() {
    addRam(4L << 30, 3 * MIB);
    bench.syscalls.limit(Linux.RLIMIT_MEMLOCK, 4 * MIB, 4 * MIB);
    bench.syscalls.onIoctl(
        VfioIoctl.VFIO_IOMMU_MAP_DMA,
        (fd, at) -> new Request(at).length() == 3 * MIB ? -Errno.ENOMEM.number() : 0);
    assertThatThrownBy(bench::open)
        .isInstanceOf(VfioException.class)
        .hasMessageContainingAll("Pinning 5 MiB", "the limit is 4 MiB");
  }

  private record Request(long address) {
    long length() {
      return new UnsafeBuffer(address, 32).getLong(24);
    }
  }

  @Test
  void shouldNotBlameTheLimitWhenItIsHighEnough() {
    refuseMapping(Errno.ENOMEM);
    refused("Mapping 0x0-0x1fffff for devices failed: ENOMEM");
    refuseMapping(Errno.ENOSPC);
    refused("no room", "dma_entry_limit");
  }

  private void refuseMapping(Errno errno) {
    bench.syscalls.onIoctl(VfioIoctl.VFIO_IOMMU_MAP_DMA, (fd, at) -> -errno.number());
  }

  @Test
  void shouldRefuseRamOverTheWindowOfMessageSignalledInterrupts() {
    addRam(0xfed0_0000L, 2 * MIB);
    refused("0xfed00000-0xfeefffff", "0x0-0xfedfffff, 0xfef00000-0xffffffffffff");
  }

  @Test
  void shouldRefuseRamBeyondTheIommusWidth() {
    bench.vfio.ranges(new IovaRange(0, (1L << 39) - 1));
    addRam(1L << 39, 2 * MIB);
    refused("0x8000000000-0x80001fffff", "0x0-0x7fffffffff");
  }

  @Test
  void shouldMapAnywhereWhenTheKernelTellsNoRanges() {
    bench.vfio.ranges();
    addRam(1L << 60, 2 * MIB);
    try (KernelVfio vfio = bench.open()) {
      assertThat(bench.vfio.dma()).containsKeys(0L, 1L << 60);
      assertThat(vfio.report().get(0)).startsWith("pinned 4 MiB of guest RAM");
    }
  }

  @Test
  void shouldRefuseWhenThereIsNoRoomForTheMappings() {
    addRam(4L << 30, 2 * MIB);
    bench.vfio.room(1);
    refused("needs 2 mappings", "room for 1", "dma_entry_limit");
  }

  @Test
  void shouldFollowRamThatComesAndGoes() {
    try (KernelVfio vfio = bench.open()) {
      assertThat(vfio.devices()).hasSize(1);
      RamRegion region = addRam(4L << 30, 2 * MIB);
      assertThat(bench.vfio.dma()).containsEntry(4L << 30, 2L * MIB);
      bench.memory.remove(region);
      assertThat(bench.vfio.dma()).containsOnlyKeys(0L);
    }
  }

  @Test
  void shouldUnmapAllThatItCanWhenOneUnmappingFails() {
    addRam(4L << 30, 2 * MIB);
    KernelVfio vfio = bench.open();
    bench.syscalls.onIoctl(
        VfioIoctl.VFIO_IOMMU_UNMAP_DMA,
        (fd, at) -> {
          unmapped++;
          return -Errno.EIO.number();
        });
    assertThatThrownBy(vfio::close).isInstanceOf(ErrnoException.class);
    assertThat(unmapped).isEqualTo(2);
  }

  private int unmapped;

  private RamRegion addRam(long guest, long length) {
    long host = bench.memory.regions().get(0).hostAddress();
    return bench.memory.add(guest, length, host);
  }
}
