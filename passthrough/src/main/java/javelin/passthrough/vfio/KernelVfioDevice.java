package javelin.passthrough.vfio;

import java.util.List;
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
  /** struct vfio_device_info, with cap_offset. */
  private static final int INFO_LENGTH = 24;

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
              VfioStructs.DEVICE_REGIONS + 2 * Integer.BYTES,
              -1);
      canReset = (info.flags() & VfioStructs.DEVICE_FLAG_RESET) != 0;
      regions = new VfioRegion[info.getInt(VfioStructs.DEVICE_REGIONS)];
      offsets = new long[regions.length];
      for (int i = 0; i < regions.length; i++) {
        regions[i] = askRegion(i);
      }
      irqs = new VfioIrq[info.getInt(VfioStructs.DEVICE_IRQS)];
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
              VfioStructs.REGION_LENGTH,
              VfioStructs.REGION_CAPABILITY_OFFSET,
              index);
    } catch (ErrnoException e) {
      return absentOrThrow(e, VfioRegion.absent(index));
    }
    offsets[index] = info.getLong(VfioStructs.REGION_OFFSET);
    return VfioRegion.of(index, info);
  }

  private VfioIrq askIrq(int index) {
    UnsafeBuffer info = NativeMemory.allocate(VfioStructs.IRQ_LENGTH);
    info.putInt(VfioStructs.ARGSZ, VfioStructs.IRQ_LENGTH);
    info.putInt(VfioStructs.INDEX, index);
    try {
      fd.ioctl(
          "VFIO_DEVICE_GET_IRQ_INFO", VfioIoctl.VFIO_DEVICE_GET_IRQ_INFO, info.addressOffset());
    } catch (ErrnoException e) {
      return absentOrThrow(e, VfioIrq.absent(index));
    }
    return new VfioIrq(index, info.getInt(VfioStructs.IRQ_COUNT), info.getInt(VfioStructs.FLAGS));
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
        irqSet(
            irq,
            VfioStructs.DATA_EVENTFD | VfioStructs.ACTION_TRIGGER,
            start,
            events.size(),
            events.size());
    for (int i = 0; i < events.size(); i++) {
      EventFd event = events.get(i);
      request.putInt(
          VfioStructs.IRQ_SET_LENGTH + i * Integer.BYTES, event == null ? -1 : event.fd().number());
    }
    setIrqs("VFIO_DEVICE_SET_IRQS trigger", request);
  }

  @Override
  public void disable(int irq) {
    setIrqs(
        "VFIO_DEVICE_SET_IRQS disable",
        irqSet(irq, VfioStructs.DATA_NONE | VfioStructs.ACTION_TRIGGER, 0, 0, 0));
  }

  @Override
  public void mask() {
    UnsafeBuffer request =
        irqSet(VfioIrq.INTX, VfioStructs.DATA_NONE | VfioStructs.ACTION_MASK, 0, 1, 0);
    setIrqs("VFIO_DEVICE_SET_IRQS mask", request);
  }

  @Override
  public void unmask() {
    UnsafeBuffer request =
        irqSet(VfioIrq.INTX, VfioStructs.DATA_NONE | VfioStructs.ACTION_UNMASK, 0, 1, 0);
    setIrqs("VFIO_DEVICE_SET_IRQS unmask", request);
  }

  @Override
  public void unmaskBy(EventFd event) {
    UnsafeBuffer request =
        irqSet(VfioIrq.INTX, VfioStructs.DATA_EVENTFD | VfioStructs.ACTION_UNMASK, 0, 1, 1);
    request.putInt(VfioStructs.IRQ_SET_LENGTH, event.fd().number());
    setIrqs("VFIO_DEVICE_SET_IRQS unmask eventfd", request);
  }

  private static UnsafeBuffer irqSet(int irq, int flags, int start, int count, int descriptors) {
    int length = VfioStructs.IRQ_SET_LENGTH + descriptors * Integer.BYTES;
    UnsafeBuffer request = NativeMemory.allocate(length);
    request.putInt(VfioStructs.ARGSZ, length);
    request.putInt(VfioStructs.FLAGS, flags);
    request.putInt(VfioStructs.INDEX, irq);
    request.putInt(VfioStructs.IRQ_SET_START, start);
    request.putInt(VfioStructs.IRQ_SET_COUNT, count);
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
