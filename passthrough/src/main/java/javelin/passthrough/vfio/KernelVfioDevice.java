package javelin.passthrough.vfio;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/** A device that the kernel's vfio-pci gives (uapi linux/vfio.h, device ioctls). */
final class KernelVfioDevice implements VfioDevice {
  private static final int PAGE = 4096;

  /** struct vfio_device_info: argsz, flags, u32 num_regions, u32 num_irqs, u32 cap_offset. */
  private static final int INFO_LENGTH = 24;

  private static final int INFO_REGIONS = 8;
  private static final int INFO_IRQS = 12;
  private static final int FLAG_RESET = 1;

  /** struct vfio_region_info: argsz, flags, u32 index, u32 cap_offset, u64 size, u64 offset. */
  private static final int REGION_LENGTH = 32;

  private static final int REGION_CAPABILITY_OFFSET = 12;
  private static final int REGION_SIZE = 16;
  private static final int REGION_OFFSET = 24;

  /** VFIO_REGION_INFO_CAP_SPARSE_MMAP: u32 nr_areas, u32 reserved, then u64 offset, u64 size. */
  private static final int CAPABILITY_SPARSE_MMAP = 1;

  private static final int AREAS_HEADER_LENGTH = 8;
  private static final int AREA_LENGTH = 16;

  /** struct vfio_irq_info: argsz, flags, u32 index, u32 count. */
  private static final int IRQ_LENGTH = 16;

  /** struct vfio_irq_set: argsz, flags, u32 index, u32 start, u32 count, data. */
  private static final int IRQ_SET_LENGTH = 20;

  private static final int DATA_NONE = 1;
  private static final int DATA_EVENTFD = 1 << 2;
  private static final int ACTION_MASK = 1 << 3;
  private static final int ACTION_UNMASK = 1 << 4;
  private static final int ACTION_TRIGGER = 1 << 5;

  private final String name;
  private final Fd fd;
  private final BusReset busReset;
  private final Syscalls syscalls;
  private final boolean canReset;
  private final VfioRegion[] regions;
  private final long[] offsets;
  private final VfioIrq[] irqs;

  /** For reads and writes, whose bytes must lie off-heap; each thread that accesses has its own. */
  private final ThreadLocal<UnsafeBuffer> scratch =
      ThreadLocal.withInitial(() -> NativeMemory.allocate(Long.BYTES));

  /** Asks an open device what it has; takes ownership of {@code fd}, also where it throws. */
  KernelVfioDevice(String name, Fd fd, BusReset busReset) {
    this.name = name;
    this.fd = fd;
    this.busReset = busReset;
    this.syscalls = fd.linux().syscalls();
    try {
      VfioInfo info =
          VfioInfo.ask(
              fd,
              "VFIO_DEVICE_GET_INFO",
              VfioIoctl.VFIO_DEVICE_GET_INFO,
              INFO_LENGTH,
              INFO_REGIONS + 2 * Integer.BYTES,
              -1);
      canReset = (info.flags() & FLAG_RESET) != 0;
      regions = new VfioRegion[info.getInt(INFO_REGIONS)];
      offsets = new long[regions.length];
      for (int i = 0; i < regions.length; i++) {
        regions[i] = askRegion(i);
      }
      irqs = new VfioIrq[info.getInt(INFO_IRQS)];
      for (int i = 0; i < irqs.length; i++) {
        irqs[i] = askIrq(i);
      }
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  private VfioRegion askRegion(int index) {
    VfioInfo info;
    try {
      info =
          VfioInfo.ask(
              fd,
              "VFIO_DEVICE_GET_REGION_INFO",
              VfioIoctl.VFIO_DEVICE_GET_REGION_INFO,
              REGION_LENGTH,
              REGION_CAPABILITY_OFFSET,
              index);
    } catch (ErrnoException e) {
      return absentOrThrow(e, VfioRegion.absent(index));
    }
    long size = info.getLong(REGION_SIZE);
    offsets[index] = info.getLong(REGION_OFFSET);
    return new VfioRegion(index, size, info.flags(), areas(info, size));
  }

  /** What may be mapped: the areas exactly as they are given, or all of it. */
  private static List<VfioRegion.Area> areas(VfioInfo info, long size) {
    List<VfioRegion.Area> areas = new ArrayList<>();
    if ((info.flags() & VfioRegion.FLAG_MMAP) == 0) {
      return areas;
    }
    OptionalInt sparse = info.capability(CAPABILITY_SPARSE_MMAP, AREAS_HEADER_LENGTH);
    if (sparse.isEmpty()) {
      // A BAR below a page is left to the trap: what else lies in its page is not the guest's.
      if (size >= PAGE) {
        areas.add(new VfioRegion.Area(0, size));
      }
      return areas;
    }
    int count = info.getInt(sparse.getAsInt());
    int at = sparse.getAsInt() + AREAS_HEADER_LENGTH;
    for (int i = 0; i < count && info.left(at) >= AREA_LENGTH; i++, at += AREA_LENGTH) {
      VfioRegion.Area area = new VfioRegion.Area(info.getLong(at), info.getLong(at + Long.BYTES));
      if (area.length() > 0) {
        areas.add(area);
      }
    }
    return areas;
  }

  private VfioIrq askIrq(int index) {
    UnsafeBuffer info = NativeMemory.allocate(IRQ_LENGTH);
    info.putInt(VfioIoctl.ARGSZ, IRQ_LENGTH);
    info.putInt(8, index);
    try {
      fd.ioctl(
          "VFIO_DEVICE_GET_IRQ_INFO", VfioIoctl.VFIO_DEVICE_GET_IRQ_INFO, info.addressOffset());
    } catch (ErrnoException e) {
      return absentOrThrow(e, VfioIrq.absent(index));
    }
    return new VfioIrq(index, info.getInt(12), info.getInt(VfioIoctl.FLAGS));
  }

  /** EINVAL says that the device has no such region (VGA) or interrupt (errors, without PCIe). */
  private static <T> T absentOrThrow(ErrnoException e, T absent) {
    if (e.is(Errno.EINVAL)) {
      return absent;
    }
    throw e;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean canReset() {
    return canReset;
  }

  @Override
  public VfioRegion region(int index) {
    return index < regions.length ? regions[index] : VfioRegion.absent(index);
  }

  @Override
  public VfioIrq irq(int index) {
    return index < irqs.length ? irqs[index] : VfioIrq.absent(index);
  }

  @Override
  public long read(int region, long offset, int size) {
    UnsafeBuffer buffer = scratch.get();
    long result =
        syscalls.pread(fd.number(), buffer.addressOffset(), size, offsets[region] + offset);
    if (result != size) {
      return -1L >>> (Long.SIZE - size * Byte.SIZE);
    }
    return switch (size) {
      case Byte.BYTES -> buffer.getByte(0) & 0xffL;
      case Short.BYTES -> buffer.getShort(0) & 0xffffL;
      case Integer.BYTES -> Integer.toUnsignedLong(buffer.getInt(0));
      default -> buffer.getLong(0);
    };
  }

  @Override
  public void write(int region, long offset, int size, long value) {
    UnsafeBuffer buffer = scratch.get();
    buffer.putLong(0, value);
    // What fails here the guest sees as a device that does not take it, as on a bus.
    syscalls.pwrite(fd.number(), buffer.addressOffset(), size, offsets[region] + offset);
  }

  @Override
  public Mapping map(int region, long offset, long length) {
    return fd.linux()
        .map(
            fd,
            offsets[region] + offset,
            length,
            Linux.PROT_READ | Linux.PROT_WRITE,
            Linux.MAP_SHARED);
  }

  @Override
  public void trigger(int irq, int start, List<EventFd> events) {
    UnsafeBuffer request =
        irqSet(irq, DATA_EVENTFD | ACTION_TRIGGER, start, events.size(), events.size());
    for (int i = 0; i < events.size(); i++) {
      EventFd event = events.get(i);
      request.putInt(IRQ_SET_LENGTH + i * Integer.BYTES, event == null ? -1 : event.fd().number());
    }
    setIrqs("VFIO_DEVICE_SET_IRQS trigger", request);
  }

  @Override
  public void disable(int irq) {
    setIrqs("VFIO_DEVICE_SET_IRQS disable", irqSet(irq, DATA_NONE | ACTION_TRIGGER, 0, 0, 0));
  }

  @Override
  public void mask() {
    UnsafeBuffer request = irqSet(VfioIrq.INTX, DATA_NONE | ACTION_MASK, 0, 1, 0);
    setIrqs("VFIO_DEVICE_SET_IRQS mask", request);
  }

  @Override
  public void unmask() {
    UnsafeBuffer request = irqSet(VfioIrq.INTX, DATA_NONE | ACTION_UNMASK, 0, 1, 0);
    setIrqs("VFIO_DEVICE_SET_IRQS unmask", request);
  }

  @Override
  public void unmaskBy(EventFd event) {
    UnsafeBuffer request = irqSet(VfioIrq.INTX, DATA_EVENTFD | ACTION_UNMASK, 0, 1, 1);
    request.putInt(IRQ_SET_LENGTH, event.fd().number());
    setIrqs("VFIO_DEVICE_SET_IRQS unmask eventfd", request);
  }

  private static UnsafeBuffer irqSet(int irq, int flags, int start, int count, int descriptors) {
    int length = IRQ_SET_LENGTH + descriptors * Integer.BYTES;
    UnsafeBuffer request = NativeMemory.allocate(length);
    request.putInt(VfioIoctl.ARGSZ, length);
    request.putInt(VfioIoctl.FLAGS, flags);
    request.putInt(8, irq);
    request.putInt(12, start);
    request.putInt(16, count);
    return request;
  }

  private void setIrqs(String call, UnsafeBuffer request) {
    fd.ioctl(call, VfioIoctl.VFIO_DEVICE_SET_IRQS, request.addressOffset());
  }

  @Override
  public void reset() {
    fd.ioctl("VFIO_DEVICE_RESET", VfioIoctl.VFIO_DEVICE_RESET, 0);
  }

  @Override
  public HotReset hotReset() {
    return busReset.of(fd);
  }

  @Override
  public void resetBus() {
    busReset.run(fd);
  }

  @Override
  public void close() {
    fd.close();
  }
}
