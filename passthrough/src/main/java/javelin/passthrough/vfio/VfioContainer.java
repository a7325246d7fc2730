package javelin.passthrough.vfio;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A VFIO container: the groups in it share one map from IOVAs to memory (uapi linux/vfio.h,
 * TYPE1v2).
 *
 * <p>The order of use: {@link VfioGroup#enter} with the first group, {@link #setIommu}, then maps.
 * For one thread at a time.
 */
final class VfioContainer implements DmaMapper, AutoCloseable {
  static final String PATH = "/dev/vfio/vfio";

  /** struct vfio_iommu_type1_dma_map: argsz, flags, u64 vaddr, u64 iova, u64 size. */
  private static final int MAP_LENGTH = 32;

  private static final int MAP_READ_WRITE = 3;

  /** struct vfio_iommu_type1_dma_unmap: argsz, flags, u64 iova, u64 size. */
  private static final int UNMAP_LENGTH = 24;

  private static final int UNMAP_SIZE = 16;

  private final Fd fd;
  private IommuInfo iommu;

  /** Bytes that are mapped, and so pinned. */
  private long pinned;

  private VfioContainer(Fd fd) {
    this.fd = fd;
  }

  /** Opens a container that holds nothing. */
  static VfioContainer open(Linux linux) {
    Fd fd;
    try {
      fd = linux.open(PATH, Linux.O_RDWR);
    } catch (ErrnoException e) {
      throw new VfioException(PATH + ": " + remedy(e), e);
    }
    try {
      int version = fd.ioctl("VFIO_GET_API_VERSION", VfioIoctl.VFIO_GET_API_VERSION, 0);
      if (version != VfioIoctl.API_VERSION) {
        throw new VfioException("VFIO's API has version " + version + ", Javelin knows version 0");
      }
      if (fd.ioctl(
              "VFIO_CHECK_EXTENSION TYPE1v2",
              VfioIoctl.VFIO_CHECK_EXTENSION,
              VfioIoctl.TYPE1V2_IOMMU)
          == 0) {
        throw new VfioException(
            "VFIO has no TYPE1v2 IOMMU back end: load it with `modprobe vfio_iommu_type1`");
      }
      return new VfioContainer(fd);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private static String remedy(ErrnoException e) {
    if (e.is(Errno.ENOENT) || e.is(Errno.ENODEV)) {
      return "VFIO is not loaded: run `modprobe vfio-pci` as root";
    }
    if (e.is(Errno.EACCES) || e.is(Errno.EPERM)) {
      return "permission denied: run as root, or let your user open the node";
    }
    return Errno.describe(e.errno());
  }

  Fd fd() {
    return fd;
  }

  /** Chooses TYPE1v2, once the first group is in. */
  void setIommu() {
    try {
      fd.ioctl("VFIO_SET_IOMMU TYPE1v2", VfioIoctl.VFIO_SET_IOMMU, VfioIoctl.TYPE1V2_IOMMU);
    } catch (ErrnoException e) {
      if (e.is(Errno.EPERM)) {
        throw new VfioException(
            "This host has no interrupt remapping, without which a guest could forge interrupts:"
                + " switch it on in the firmware (VT-d with x2APIC, AMD-Vi) and on the kernel's"
                + " command line; `javelin doctor` says what is missing",
            e);
      }
      throw e;
    }
    iommu = IommuInfo.ask(fd);
  }

  /** What its IOMMU can map; known after {@link #setIommu}. */
  IommuInfo iommu() {
    return iommu;
  }

  @Override
  public void map(long iova, long length, long hostAddress) {
    if (!iommu.reaches(iova, length)) {
      throw new VfioException(
          String.format(
              "Devices cannot reach guest RAM at 0x%x-0x%x: the IOMMU maps %s only; give the guest"
                  + " less memory",
              iova, iova + length - 1, iommu.rangesText()));
    }
    UnsafeBuffer request = NativeMemory.allocate(MAP_LENGTH);
    request.putInt(VfioStructs.ARGSZ, MAP_LENGTH);
    request.putInt(VfioStructs.FLAGS, MAP_READ_WRITE);
    request.putLong(8, hostAddress);
    request.putLong(16, iova);
    request.putLong(24, length);
    try {
      fd.ioctl("VFIO_IOMMU_MAP_DMA", VfioIoctl.VFIO_IOMMU_MAP_DMA, request.addressOffset());
    } catch (ErrnoException e) {
      throw new VfioException(mapFailure(e, iova, length), e);
    }
    pinned += length;
  }

  private String mapFailure(ErrnoException e, long iova, long length) {
    long limit = fd.linux().softLimit(Linux.RLIMIT_MEMLOCK);
    if (e.is(Errno.ENOMEM)
        && limit != Linux.RLIM_INFINITY
        && Long.compareUnsigned(limit, pinned + length) < 0) {
      return String.format(
          "Pinning %d MiB of guest RAM needs RLIMIT_MEMLOCK of as much; the limit is %d MiB: run"
              + " `ulimit -l unlimited` first, or set LimitMEMLOCK= in the systemd unit",
          (pinned + length) >> 20, limit >> 20);
    }
    if (e.is(Errno.ENOSPC)) {
      return "The IOMMU has no room for another mapping; raise vfio_iommu_type1's parameter"
          + " dma_entry_limit";
    }
    return String.format(
        "Mapping 0x%x-0x%x for devices failed: %s",
        iova, iova + length - 1, Errno.describe(e.errno()));
  }

  @Override
  public void unmap(long iova, long length) {
    UnsafeBuffer request = NativeMemory.allocate(UNMAP_LENGTH);
    request.putInt(VfioStructs.ARGSZ, UNMAP_LENGTH);
    request.putLong(8, iova);
    request.putLong(UNMAP_SIZE, length);
    fd.ioctl("VFIO_IOMMU_UNMAP_DMA", VfioIoctl.VFIO_IOMMU_UNMAP_DMA, request.addressOffset());
    long unmapped = request.getLong(UNMAP_SIZE);
    if (unmapped != length) {
      throw new VfioException(
          String.format(
              "Unmapping 0x%x-0x%x: the kernel unmapped 0x%x bytes",
              iova, iova + length - 1, unmapped));
    }
    pinned -= length;
  }

  @Override
  public void close() {
    fd.close();
  }
}
