package javelin.passthrough.fake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Resources;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What KVM keeps for assigned devices, behind a {@link FakeSyscalls}: irqfds, routes, memory slots
 * and the VFIO files that it was told of (KVM API, 4.35, 4.52, 4.75; uapi linux/kvm.h).
 *
 * <p>What the kernel refuses is refused, and noted among {@link #violations}. For one thread.
 */
public final class FakeKvm implements AutoCloseable {
  private static final long CREATE_VM = 0xae01;
  private static final long SET_MEMORY = 0x4020_ae46L;
  private static final long SET_ROUTES = 0x4008_ae6aL;
  private static final long IRQFD = 0x4020_ae76L;
  private static final long SIGNAL_MSI = 0x4020_aea5L;
  private static final long CREATE_DEVICE = 0xc00c_aee0L;
  static final long SET_ATTRIBUTE = 0x4018_aee1L;

  private static final long IOEVENTFD = 0x4040_ae79L;

  private static final int IOEVENTFD_LENGTH = 64;
  private static final int IOEVENTFD_DATAMATCH = 1;
  private static final int IOEVENTFD_PORT = 1 << 1;
  private static final int IOEVENTFD_DEASSIGN = 1 << 2;
  private static final int IRQFD_LENGTH = 32;
  private static final int IRQFD_DEASSIGN = 1;
  private static final int ROUTES_HEADER = 8;
  private static final int ROUTE_LENGTH = 48;
  private static final int ROUTE_MSI = 2;
  private static final int ADD_FILE = 1;

  private record Slot(long guest, long length) {
    boolean overlaps(Slot other) {
      return guest < other.guest + other.length && other.guest < guest + length;
    }
  }

  /**
   * An ioeventfd.
   *
   * @param match null for any value
   */
  public record Doorbell(boolean isPort, long address, int length, Long match, int fd) {
    boolean collides(Doorbell other) {
      return isPort == other.isPort
          && address == other.address
          && (length == 0 || other.length == 0 || length == other.length)
          && (match == null || other.match == null || match.equals(other.match));
    }
  }

  private final Resources owned = new Resources();
  private final FakeSyscalls syscalls;
  private final KvmVm vm;
  private final Map<Integer, Integer> irqfds = new TreeMap<>();
  private final Map<Integer, Msi> routes = new HashMap<>();
  private final Map<Integer, Slot> slots = new TreeMap<>();
  private final List<Doorbell> doorbells = new ArrayList<>();
  private final List<Integer> files = new ArrayList<>();
  private final List<Msi> delivered = new ArrayList<>();
  private final List<Msi> relayed = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private final UnsafeBuffer count = NativeMemory.allocate(Long.BYTES);
  private int routeChanges;
  private boolean refusesDoorbells;

  /** Answers KVM's ioctls of {@code syscalls}. */
  public FakeKvm(FakeSyscalls syscalls) {
    this.syscalls = syscalls;
    syscalls.file("/dev/kvm", new byte[0]);
    syscalls.onIoctlOpen(CREATE_VM, "kvm-vm");
    syscalls.onIoctl(SET_MEMORY, (fd, at) -> setSlot(memory(at, 32)));
    syscalls.onIoctl(SET_ROUTES, (fd, at) -> setRoutes(at));
    syscalls.onIoctl(IRQFD, (fd, at) -> irqfd(memory(at, IRQFD_LENGTH)));
    syscalls.onIoctl(IOEVENTFD, (fd, at) -> ioeventfd(memory(at, IOEVENTFD_LENGTH)));
    syscalls.onIoctl(SIGNAL_MSI, (fd, at) -> signalMsi(memory(at, 12)));
    syscalls.onIoctl(CREATE_DEVICE, (fd, at) -> createDevice(memory(at, 12)));
    syscalls.onIoctl(SET_ATTRIBUTE, (fd, at) -> attribute(memory(at, 24)));
    KvmSystem system = owned.own(KvmSystem.openUnchecked(new Linux(syscalls), "/dev/kvm"));
    vm = owned.own(system.createVm());
  }

  private static UnsafeBuffer memory(long address, int length) {
    return new UnsafeBuffer(address, length);
  }

  private long refuse(Errno errno, String why) {
    violations.add(why);
    return -errno.number();
  }

  /** struct kvm_userspace_memory_region: u32 slot, flags, u64 guest, length, host. */
  private long setSlot(UnsafeBuffer request) {
    int number = request.getInt(0);
    Slot slot = new Slot(request.getLong(8), request.getLong(16));
    if (slot.length == 0) {
      return slots.remove(number) == null ? refuse(Errno.EINVAL, "no slot " + number) : 0;
    }
    for (Map.Entry<Integer, Slot> other : slots.entrySet()) {
      if (other.getKey() != number && other.getValue().overlaps(slot)) {
        return refuse(Errno.EEXIST, slot + " overlaps " + other.getValue());
      }
    }
    slots.put(number, slot);
    return 0;
  }

  /** struct kvm_irq_routing: u32 count, flags, then entries of u32 gsi, type, flags, pad, union. */
  private long setRoutes(long address) {
    int entries = memory(address, ROUTES_HEADER).getInt(0);
    UnsafeBuffer table = memory(address, ROUTES_HEADER + entries * ROUTE_LENGTH);
    routeChanges++;
    routes.clear();
    for (int i = 0; i < entries; i++) {
      int at = ROUTES_HEADER + i * ROUTE_LENGTH;
      if (table.getInt(at + 4) == ROUTE_MSI) {
        long low = Integer.toUnsignedLong(table.getInt(at + 16));
        long high = Integer.toUnsignedLong(table.getInt(at + 20));
        routes.put(table.getInt(at), new Msi(high << 32 | low, table.getInt(at + 24)));
      }
    }
    return 0;
  }

  /** struct kvm_irqfd: u32 fd, gsi, flags, resamplefd. */
  private long irqfd(UnsafeBuffer request) {
    int fd = request.getInt(0);
    int gsi = request.getInt(4);
    if ((request.getInt(8) & IRQFD_DEASSIGN) != 0) {
      // The kernel is silent about one that it does not have.
      if (!irqfds.remove(fd, gsi)) {
        violations.add("fd " + fd + " is no irqfd of GSI " + gsi);
      }
      return 0;
    }
    if (irqfds.containsKey(fd)) {
      return refuse(Errno.EBUSY, "fd " + fd + " is an irqfd already");
    }
    irqfds.put(fd, gsi);
    return 0;
  }

  /** struct kvm_ioeventfd: u64 match, address, u32 length, fd, flags. */
  private long ioeventfd(UnsafeBuffer request) {
    int flags = request.getInt(24);
    Doorbell doorbell =
        new Doorbell(
            (flags & IOEVENTFD_PORT) != 0,
            request.getLong(8),
            request.getInt(16),
            (flags & IOEVENTFD_DATAMATCH) != 0 ? request.getLong(0) : null,
            request.getInt(20));
    if ((flags & IOEVENTFD_DEASSIGN) != 0) {
      return doorbells.remove(doorbell) ? 0 : refuse(Errno.ENOENT, "no " + doorbell);
    }
    if (refusesDoorbells) {
      return -Errno.ENOSPC.number();
    }
    if (doorbells.stream().anyMatch(doorbell::collides)) {
      return refuse(Errno.EEXIST, doorbell + " is there");
    }
    doorbells.add(doorbell);
    return 0;
  }

  /** Every ioeventfd from now on is refused, as where KVM's bus is full. */
  public void refuseDoorbells() {
    refusesDoorbells = true;
  }

  /** Ioeventfds, in the order in which they were attached. */
  public List<Doorbell> doorbells() {
    return List.copyOf(doorbells);
  }

  /** struct kvm_msi: u32 address_lo, address_hi, data. */
  private long signalMsi(UnsafeBuffer request) {
    long low = Integer.toUnsignedLong(request.getInt(0));
    long high = Integer.toUnsignedLong(request.getInt(4));
    relayed.add(new Msi(high << 32 | low, request.getInt(8)));
    return 1;
  }

  /** struct kvm_create_device: u32 type, fd, flags. */
  private long createDevice(UnsafeBuffer request) {
    request.putInt(4, syscalls.openFd("kvm-vfio"));
    return 0;
  }

  /** struct kvm_device_attr: u32 flags, group, u64 attribute, address. */
  private long attribute(UnsafeBuffer request) {
    int file = memory(request.getLong(16), Integer.BYTES).getInt(0);
    if (request.getLong(8) == ADD_FILE) {
      files.add(file);
      return 0;
    }
    return files.remove((Integer) file) ? 0 : refuse(Errno.ENOENT, "no file " + file);
  }

  /** The VM; closed with this. */
  public KvmVm vm() {
    return vm;
  }

  /** Signals an eventfd as a device does. */
  public void signal(int eventFd) {
    syscalls.expire(eventFd);
  }

  /**
   * Delivers what is signalled at irqfds, as the kernel does at once; returns the messages since
   * the last time.
   */
  public List<Msi> deliver() {
    for (Map.Entry<Integer, Integer> irqfd : irqfds.entrySet()) {
      boolean isSignalled =
          syscalls.read(irqfd.getKey(), count.addressOffset(), Long.BYTES) == Long.BYTES;
      if (isSignalled) {
        Msi message = routes.get(irqfd.getValue());
        if (message == null) {
          violations.add("lost: GSI " + irqfd.getValue() + " has no route");
        }
        delivered.add(message);
      }
    }
    List<Msi> now = List.copyOf(delivered);
    delivered.clear();
    return now;
  }

  /** Messages that came by KVM_SIGNAL_MSI, from user space. */
  public List<Msi> relayed() {
    return List.copyOf(relayed);
  }

  /** Irqfds: descriptor to GSI. */
  public Map<Integer, Integer> irqfds() {
    return Map.copyOf(irqfds);
  }

  /** Message-signalled routes by GSI. */
  public Map<Integer, Msi> routes() {
    return Map.copyOf(routes);
  }

  /** How often the routes were set. */
  public int routeChanges() {
    return routeChanges;
  }

  /** Memory slots: guest address to length, ascending. */
  public Map<Long, Long> slots() {
    Map<Long, Long> found = new TreeMap<>();
    slots.values().forEach(slot -> found.put(slot.guest, slot.length));
    return found;
  }

  /** How many VFIO files KVM knows. */
  public int files() {
    return files.size();
  }

  /** What was asked that the kernel refuses, or that makes no sense. */
  public List<String> violations() {
    return List.copyOf(violations);
  }

  @Override
  public void close() {
    owned.close();
  }
}
