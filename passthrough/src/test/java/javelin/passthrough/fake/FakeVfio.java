package javelin.passthrough.fake;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.IovaRange;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel's VFIO with one device, alone in its group, and another one beside it, behind a {@link
 * FakeSyscalls}: it answers the ioctls of uapi linux/vfio.h, and reads and writes of the device's
 * regions. BARs read as zeros where they are decoded, the expansion ROM as {@link #romByte} says.
 *
 * <p>What the kernel refuses is refused with its errno; a second kind of interrupt while one is on
 * is noted among {@link #violations} too. For one thread.
 */
public final class FakeVfio {
  public static final String DEVICE = "0000:01:00.0";
  public static final int GROUP = 7;
  public static final String CONTAINER_PATH = "/dev/vfio/vfio";
  public static final String GROUP_PATH = "/dev/vfio/" + GROUP;

  /** Another function of the device, for all but its interrupts, in a group of its own. */
  public static final String SIBLING = "0000:01:00.1";

  public static final int SIBLING_GROUP = 8;

  /**
   * Requests (uapi linux/vfio.h), as numbers of their own: a wrong one of Javelin's goes unheard.
   */
  public static final Map<Long, String> REQUESTS =
      Map.ofEntries(
          Map.entry(0x3b64L, "GET_API_VERSION"),
          Map.entry(0x3b65L, "CHECK_EXTENSION"),
          Map.entry(0x3b66L, "SET_IOMMU"),
          Map.entry(0x3b67L, "GROUP_GET_STATUS"),
          Map.entry(0x3b68L, "GROUP_SET_CONTAINER"),
          Map.entry(0x3b69L, "GROUP_UNSET_CONTAINER"),
          Map.entry(0x3b6aL, "GROUP_GET_DEVICE_FD"),
          Map.entry(0x3b6bL, "DEVICE_GET_INFO"),
          Map.entry(0x3b6cL, "DEVICE_GET_REGION_INFO"),
          Map.entry(0x3b6dL, "DEVICE_GET_IRQ_INFO"),
          Map.entry(0x3b6eL, "DEVICE_SET_IRQS"),
          Map.entry(0x3b6fL, "DEVICE_RESET"),
          Map.entry(0x3b70L, "IOMMU_GET_INFO"),
          Map.entry(0x3b71L, "IOMMU_MAP_DMA"),
          Map.entry(0x3b72L, "IOMMU_UNMAP_DMA"));

  private static final int REGIONS = 9;
  private static final int IRQS = 5;
  private static final int REGION_SHIFT = 40;
  private static final int VIABLE = 1;
  private static final int TYPE1V2 = 3;
  private static final int CAPABILITIES = 8;

  private final FakeSyscalls syscalls;
  private final ModelShape shape;
  private final Map<Long, Long> dma = new TreeMap<>();
  private final List<String> violations = new ArrayList<>();
  private List<IovaRange> ranges =
      List.of(new IovaRange(0, 0xfedf_ffffL), new IovaRange(0xfef0_0000L, (1L << 48) - 1));
  private int room = 65_535;
  private boolean isViable = true;
  private int busyOpens;
  private int apiVersion;
  private boolean hasType1 = true;
  private final Set<Integer> groups = new HashSet<>();
  private boolean hasIommu;
  private final FakeIrqs irqs;
  private int resets;
  private boolean isResetRefused;
  private Runnable whenSilenced = () -> {};
  private final FakeBus bus;

  /** Answers for a device that looks like {@code shape}. */
  public FakeVfio(FakeSyscalls syscalls, ModelShape shape) {
    this.syscalls = syscalls;
    this.shape = shape;
    irqs = new FakeIrqs(shape, violations);
    syscalls.file(CONTAINER_PATH, new byte[0]);
    syscalls.file(GROUP_PATH, new byte[0]);
    syscalls.file("/dev/vfio/" + SIBLING_GROUP, new byte[0]);
    bus = new FakeBus(syscalls).function(DEVICE, GROUP, "vfio-pci");
    syscalls.onIoctl(0x3b64, (fd, argument) -> apiVersion);
    syscalls.onIoctl(0x3b65, (fd, type) -> hasType1 && type == TYPE1V2 ? 1 : 0);
    syscalls.onIoctl(0x3b66, (fd, type) -> setIommu(type));
    syscalls.onIoctl(0x3b67, (fd, at) -> status(fd, memory(at, 8)));
    syscalls.onIoctl(0x3b68, (fd, at) -> setContainer(fd));
    syscalls.onIoctl(0x3b69, (fd, argument) -> unsetContainer(fd));
    syscalls.onIoctl(0x3b6a, (fd, at) -> openDevice(at));
    syscalls.onIoctl(0x3b6b, (fd, at) -> deviceInfo(memory(at, 20)));
    syscalls.onIoctl(0x3b6c, (fd, at) -> regionInfo(at));
    syscalls.onIoctl(0x3b6d, (fd, at) -> irqs.info(memory(at, 16)));
    syscalls.onIoctl(0x3b6e, (fd, at) -> irqs.set(at));
    syscalls.onIoctl(0x3b6f, (fd, argument) -> reset());
    syscalls.onIoctl(0x3b70, (fd, at) -> isDevice(fd) ? bus.info(at) : iommuInfo(at));
    syscalls.onIoctl(0x3b71, (fd, at) -> isDevice(fd) ? bus.reset(at) : mapDma(memory(at, 32)));
    syscalls.onIoctl(0x3b72, (fd, at) -> unmapDma(memory(at, 24)));
    syscalls.answer("pread", arguments -> access(arguments, true));
    syscalls.answer("pwrite", arguments -> access(arguments, false));
  }

  // What this host is like.

  /** The IOMMU maps these; none for a kernel that does not tell. */
  public FakeVfio ranges(IovaRange... some) {
    ranges = List.of(some);
    return this;
  }

  /** There is room for so many mappings. */
  public FakeVfio room(int mappings) {
    room = mappings;
    return this;
  }

  /** The group has a device that a host driver uses. */
  public FakeVfio notViable() {
    isViable = false;
    return this;
  }

  /** The next opens of the device meet a reset. */
  public FakeVfio busyFor(int opens) {
    busyOpens = opens;
    return this;
  }

  /** VFIO's API has another version. */
  public FakeVfio apiVersion(int version) {
    apiVersion = version;
    return this;
  }

  /** The module of the IOMMU's back end is missing. */
  public FakeVfio withoutType1() {
    hasType1 = false;
    return this;
  }

  /** The device's own reset fails from now on. */
  public FakeVfio refuseReset() {
    isResetRefused = true;
    return this;
  }

  /** Runs {@code work} whenever BAR 0 ceases to answer. */
  public FakeVfio whenSilenced(Runnable work) {
    whenSilenced = work;
    return this;
  }

  /** The bus that the device is on. */
  public FakeBus bus() {
    return bus;
  }

  // What has become of it.

  /** DMA mappings: IOVA to length. */
  public Map<Long, Long> dma() {
    return Map.copyOf(dma);
  }

  /** The kind of interrupt that is on, or -1. */
  public int currentIrq() {
    return irqs.current();
  }

  /** The descriptors that vectors signal, -1 for a silent one. */
  public int[] triggers() {
    return irqs.triggers();
  }

  /** The descriptors of errors and requests, by {@code VfioIrq}'s numbers. */
  public Map<Integer, Integer> signals() {
    return irqs.signals();
  }

  /** How often the device was reset by VFIO. */
  public int resets() {
    return resets;
  }

  /** What was asked that makes no sense. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  // Container and group.

  private static UnsafeBuffer memory(long address, int length) {
    return new UnsafeBuffer(address, length);
  }

  private static long error(Errno errno) {
    return -errno.number();
  }

  private boolean isDevice(int fd) {
    String descriptor = fd + " " + DEVICE.substring(0, DEVICE.length() - 1);
    return syscalls.openFds().stream().anyMatch(open -> open.startsWith(descriptor));
  }

  private long setIommu(long type) {
    if (groups.isEmpty() || type != TYPE1V2) {
      return error(Errno.EINVAL);
    }
    hasIommu = true;
    return 0;
  }

  private long status(int fd, UnsafeBuffer status) {
    status.putInt(4, (isViable ? VIABLE : 0) | (groups.contains(fd) ? 2 : 0));
    return 0;
  }

  private long setContainer(int fd) {
    groups.add(fd);
    return 0;
  }

  private long unsetContainer(int group) {
    if (!groups.contains(group)) {
      return error(Errno.EINVAL);
    }
    if (groups.size() == 1 && syscalls.openFds().stream().anyMatch(fd -> fd.endsWith(DEVICE))) {
      violations.add("the group left its container while its device was open");
      return error(Errno.EBUSY);
    }
    groups.remove(group);
    if (groups.isEmpty()) {
      hasIommu = false;
      dma.clear();
    }
    return 0;
  }

  private long openDevice(long address) {
    byte[] name = new byte[DEVICE.length()];
    memory(address, name.length).getBytes(0, name);
    String wanted = new String(name, StandardCharsets.US_ASCII);
    if (!wanted.equals(DEVICE) && !wanted.equals(SIBLING)) {
      return error(Errno.ENODEV);
    }
    if (busyOpens > 0) {
      busyOpens--;
      return error(Errno.EAGAIN);
    }
    return hasIommu ? syscalls.openFd(wanted) : error(Errno.EINVAL);
  }

  /** An answer with capabilities: whole where argsz has room for it, else argsz says how long. */
  private static long answer(long address, int structLength, int offsetAt, int[] capabilities) {
    int given = memory(address, 4).getInt(0);
    int needed = structLength + capabilities.length * Integer.BYTES;
    UnsafeBuffer info = memory(address, given);
    info.putInt(0, needed);
    info.putInt(4, info.getInt(4) | CAPABILITIES);
    if (given >= needed) {
      info.putInt(offsetAt, structLength);
      for (int i = 0; i < capabilities.length; i++) {
        info.putInt(structLength + i * Integer.BYTES, capabilities[i]);
      }
    }
    return 0;
  }

  private static void putLong(int[] words, int at, long value) {
    words[at] = (int) value;
    words[at + 1] = (int) (value >>> Integer.SIZE);
  }

  /** struct vfio_iommu_type1_info, its ranges, and how many mappings there is room for. */
  private long iommuInfo(long address) {
    UnsafeBuffer info = memory(address, 24);
    info.putInt(4, 1);
    info.putLong(8, 0x4020_1000L);
    int structLength = 24;
    int rangeWords = ranges.isEmpty() ? 0 : 4 + ranges.size() * 4;
    int[] capabilities = new int[rangeWords + 3];
    if (rangeWords > 0) {
      capabilities[0] = 1 | 1 << 16;
      capabilities[1] = structLength + rangeWords * Integer.BYTES;
      capabilities[2] = ranges.size();
      for (int i = 0; i < ranges.size(); i++) {
        putLong(capabilities, 4 + i * 4, ranges.get(i).first());
        putLong(capabilities, 6 + i * 4, ranges.get(i).last());
      }
    }
    capabilities[rangeWords] = 3 | 1 << 16;
    capabilities[rangeWords + 2] = room;
    return answer(address, structLength, 16, capabilities);
  }

  private long mapDma(UnsafeBuffer request) {
    long iova = request.getLong(16);
    long length = request.getLong(24);
    if (!hasIommu || dma.containsKey(iova)) {
      return error(hasIommu ? Errno.EEXIST : Errno.EINVAL);
    }
    dma.put(iova, length);
    return 0;
  }

  private long unmapDma(UnsafeBuffer request) {
    Long length = hasIommu ? dma.remove(request.getLong(8)) : null;
    if (length == null) {
      violations.add("unmapped what was not mapped");
    }
    request.putLong(16, length == null ? 0 : length);
    return 0;
  }

  // The device.

  private long deviceInfo(UnsafeBuffer info) {
    info.putInt(4, 2 | (shape.canReset() ? 1 : 0));
    info.putInt(8, REGIONS);
    info.putInt(12, IRQS);
    return 0;
  }

  private long regionInfo(long address) {
    UnsafeBuffer info = memory(address, 32);
    int index = info.getInt(8);
    if (index > VfioRegion.CONFIG) {
      return error(Errno.EINVAL);
    }
    VfioRegion region = shape.region(index);
    info.putInt(4, region.flags());
    info.putLong(16, region.size());
    info.putLong(24, (long) index << REGION_SHIFT);
    List<VfioRegion.Area> areas = region.areas();
    boolean isWhole = areas.equals(List.of(new VfioRegion.Area(0, region.size())));
    if (areas.isEmpty() || isWhole) {
      return 0;
    }
    int[] sparse = new int[4 + areas.size() * 4];
    sparse[0] = 1 | 1 << 16;
    sparse[2] = areas.size();
    for (int i = 0; i < areas.size(); i++) {
      putLong(sparse, 4 + i * 4, areas.get(i).offset());
      putLong(sparse, 6 + i * 4, areas.get(i).length());
    }
    return answer(address, 32, 12, sparse);
  }

  private long reset() {
    if (!shape.canReset()) {
      return error(Errno.EINVAL);
    }
    if (isResetRefused) {
      return error(Errno.ENOTTY);
    }
    resets++;
    return 0;
  }

  /** What the expansion ROM holds at {@code offset}. */
  public static int romByte(int offset) {
    return offset == 0 ? 0x55 : offset == 1 ? 0xaa : offset * 7 & 0xff;
  }

  /** pread or pwrite of a region: descriptor, address, length, offset. */
  private long access(Object[] arguments, boolean isRead) {
    int length = ((Long) arguments[2]).intValue();
    long at = (Long) arguments[3];
    int index = (int) (at >>> REGION_SHIFT);
    int offset = (int) (at & (1L << REGION_SHIFT) - 1);
    VfioRegion region = shape.region(index);
    boolean isConfig = index == VfioRegion.CONFIG;
    boolean isRom = index == VfioRegion.ROM;
    if (offset + length > region.size()
        || !(isConfig || (isRom && isRead) || (!isRom && shape.isDecoded(index)))) {
      return error(Errno.EIO);
    }
    UnsafeBuffer data = memory((Long) arguments[1], length);
    for (int i = 0; i < length; i++) {
      if (!isRead && isConfig) {
        boolean answered = shape.isDecoded(0);
        shape.config().write(offset + i, 1, data.getByte(i) & 0xff);
        if (answered && !shape.isDecoded(0)) {
          whenSilenced.run();
        }
      } else if (isRead) {
        int value = isRom ? romByte(offset + i) : 0;
        data.putByte(i, (byte) (isConfig ? shape.config().read(offset + i, 1) : value));
      }
    }
    return length;
  }
}
