package javelin.devices.virtio.bench;

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
 * What KVM keeps for virtio functions, behind a {@link FakeSyscalls}: irqfds, ioeventfds and routes
 * (KVM API, 4.52, 4.59, 4.75; uapi linux/kvm.h). What the kernel refuses is refused.
 *
 * <p>Threads: any; the object's lock guards it.
 */
public final class FakeVm implements AutoCloseable {
  private static final long CREATE_VM = 0xae01;
  private static final long SET_ROUTES = 0x4008_ae6aL;
  private static final long IRQFD = 0x4020_ae76L;
  private static final long IOEVENTFD = 0x4040_ae79L;

  private static final int IRQFD_LENGTH = 32;
  private static final int IRQFD_DEASSIGN = 1;
  private static final int IOEVENTFD_LENGTH = 64;
  private static final int IOEVENTFD_DEASSIGN = 1 << 2;
  private static final int ROUTES_HEADER = 8;
  private static final int ROUTE_LENGTH = 48;
  private static final int ROUTE_MSI = 2;

  private final Resources owned = new Resources();
  private final FakeSyscalls syscalls;
  private final KvmVm vm;
  private final Map<Integer, Integer> irqfds = new TreeMap<>();
  private final Map<Long, Integer> ioeventfds = new TreeMap<>();
  private final Map<Integer, Msi> routes = new HashMap<>();
  private final UnsafeBuffer count = NativeMemory.allocate(Long.BYTES);
  private int routeChanges;
  private boolean refusesIoeventfds;

  /** Answers KVM's ioctls of {@code syscalls}. */
  public FakeVm(FakeSyscalls syscalls) {
    this.syscalls = syscalls;
    syscalls.file("/dev/kvm", new byte[0]);
    syscalls.onIoctlOpen(CREATE_VM, "kvm-vm");
    syscalls.onIoctl(SET_ROUTES, (fd, at) -> setRoutes(at));
    syscalls.onIoctl(IRQFD, (fd, at) -> irqfd(new UnsafeBuffer(at, IRQFD_LENGTH)));
    syscalls.onIoctl(IOEVENTFD, (fd, at) -> ioeventfd(new UnsafeBuffer(at, IOEVENTFD_LENGTH)));
    KvmSystem system = owned.own(KvmSystem.openUnchecked(new Linux(syscalls), "/dev/kvm"));
    vm = owned.own(system.createVm());
  }

  /** Every ioeventfd from now on is refused, as where KVM's bus is full. */
  public synchronized void refuseIoeventfds() {
    refusesIoeventfds = true;
  }

  /** struct kvm_irq_routing: u32 count, flags, then entries of u32 gsi, type, flags, pad, union. */
  private synchronized long setRoutes(long address) {
    int entries = new UnsafeBuffer(address, ROUTES_HEADER).getInt(0);
    UnsafeBuffer table = new UnsafeBuffer(address, ROUTES_HEADER + entries * ROUTE_LENGTH);
    Map<Integer, Msi> found = new HashMap<>();
    for (int i = 0; i < entries; i++) {
      int at = ROUTES_HEADER + i * ROUTE_LENGTH;
      if (table.getInt(at + 4) == ROUTE_MSI) {
        long low = Integer.toUnsignedLong(table.getInt(at + 16));
        long high = Integer.toUnsignedLong(table.getInt(at + 20));
        if ((high & 0xff) != 0) {
          return -Errno.EINVAL.number();
        }
        found.put(table.getInt(at), new Msi(high << 32 | low, table.getInt(at + 24)));
      }
    }
    routeChanges++;
    routes.clear();
    routes.putAll(found);
    return 0;
  }

  /** struct kvm_irqfd: u32 fd, gsi, flags, resamplefd. */
  private synchronized long irqfd(UnsafeBuffer request) {
    int fd = request.getInt(0);
    int gsi = request.getInt(4);
    if ((request.getInt(8) & IRQFD_DEASSIGN) != 0) {
      irqfds.remove(fd, gsi);
      return 0;
    }
    return irqfds.putIfAbsent(fd, gsi) == null ? 0 : -Errno.EBUSY.number();
  }

  /** struct kvm_ioeventfd: u64 match, address, u32 length, fd, flags. */
  private synchronized long ioeventfd(UnsafeBuffer request) {
    long address = request.getLong(8);
    int fd = request.getInt(20);
    if ((request.getInt(24) & IOEVENTFD_DEASSIGN) != 0) {
      return ioeventfds.remove(address, fd) ? 0 : -Errno.ENOENT.number();
    }
    if (refusesIoeventfds) {
      return -Errno.ENOSPC.number();
    }
    return ioeventfds.putIfAbsent(address, fd) == null ? 0 : -Errno.EEXIST.number();
  }

  /** The VM; closed with this. */
  public KvmVm vm() {
    return vm;
  }

  /** A guest's write to {@code address}; returns whether an ioeventfd takes it. */
  public synchronized boolean ring(long address) {
    Integer fd = ioeventfds.get(address);
    if (fd != null) {
      syscalls.expire(fd);
    }
    return fd != null;
  }

  /** Addresses that have an ioeventfd, ascending. */
  public synchronized List<Long> doorbells() {
    return List.copyOf(ioeventfds.keySet());
  }

  /** Delivers what is signalled at irqfds; returns the messages. */
  public synchronized List<Msi> deliver() {
    List<Msi> delivered = new ArrayList<>();
    irqfds.forEach(
        (fd, gsi) -> {
          if (syscalls.read(fd, count.addressOffset(), Long.BYTES) == Long.BYTES) {
            delivered.add(routes.getOrDefault(gsi, new Msi(0, 0)));
          }
        });
    return delivered;
  }

  /** Number of irqfds. */
  public synchronized int irqfds() {
    return irqfds.size();
  }

  /** Message-signalled routes by GSI. */
  public synchronized Map<Integer, Msi> routes() {
    return Map.copyOf(routes);
  }

  /** How often the routes were set. */
  public synchronized int routeChanges() {
    return routeChanges;
  }

  @Override
  public void close() {
    owned.close();
  }
}
