package javelin.passthrough.fake;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javelin.devices.pci.AddressWindow;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciRoot;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.assigned.AssignedFunction;
import javelin.passthrough.assigned.GuestSide;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioDevice;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/**
 * A VM on a faked kernel, with one device of VFIO to be assigned to it: all of Javelin's own code
 * from the native seam up to the guest's accesses.
 */
public final class AssignBench implements AutoCloseable {
  /** Where 32-bit BARs may be. */
  public static final AddressWindow LOW = new AddressWindow(0xc000_0000L, 0x3000_0000L);

  /** Where 64-bit BARs may be, too. */
  public static final AddressWindow HIGH = new AddressWindow(1L << 40, 1L << 40);

  /** Where I/O BARs may be. */
  public static final AddressWindow PORTS = new AddressWindow(0xc000, 0x1000);

  private static final int RAM = 2 << 20;

  private final Resources owned = new Resources();
  public final FakeSyscalls syscalls = new FakeSyscalls();
  public final Linux linux = new Linux(syscalls);
  public final FakeKvm kvm;
  public final FakeVfio vfio;

  /** What the device looks like; a test may change its configuration space. */
  public final ModelShape shape;

  public final GuestMemory memory = new GuestMemory();
  public final IoSpace ports = IoSpace.ports();
  public final IoSpace mmio = IoSpace.mmio();
  public final GsiRoutes routes;

  /** What went wrong with the device while the guest ran. */
  public final List<String> problems = new ArrayList<>();

  /** Devices that the host wants back. */
  public final List<String> wantedBack = new ArrayList<>();

  /** Null where the VM has none. */
  private final EventLoop loop;

  private final EventFd settling;
  private volatile CompletableFuture<Void> round;
  private long settled;

  private final GuestSide guest;

  /** A VM without an event loop, and a device that looks like {@code shape}. */
  public AssignBench(ModelShape shape) {
    this(shape, false);
  }

  /** A VM with or without an event loop, and a device that looks like {@code shape}. */
  public AssignBench(ModelShape shape, boolean hasLoop) {
    kvm = owned.own(new FakeKvm(syscalls));
    this.shape = shape;
    vfio = new FakeVfio(syscalls, shape);
    owned.own(GuestRam.create(linux, RamConfig.of(RAM), memory));
    routes = new GsiRoutes(kvm.vm());
    PciRoot pci =
        new PciRoot(ports, mmio, List.of(PORTS), List.of(LOW, HIGH), gsi -> isActive -> {});
    KvmMemorySlots slots = new KvmMemorySlots(kvm.vm());
    loop = hasLoop ? owned.own(new EventLoop(linux, "test devices")) : null;
    settling = hasLoop ? owned.own(linux.eventFd()) : null;
    if (hasLoop) {
      loop.watch(
          settling.fd(),
          EventLoop.READABLE,
          events -> {
            settling.drain();
            round.complete(null);
          });
    }
    guest =
        new GuestSide(linux, kvm.vm(), routes, slots, pci, loop, problems::add, wantedBack::add);
  }

  /** Waits until the event loop, if there is one, has done all that it was woken for. */
  public void settle() {
    if (loop == null) {
      return;
    }
    // A handler is called once a round: the second call is of a round after the first one's.
    for (int i = 0; i < 2; i++) {
      round = new CompletableFuture<>();
      settling.signal();
      round.orTimeout(10, TimeUnit.SECONDS).join();
      settled++;
    }
  }

  /** How often the event loop was woken so far, but by {@link #settle}. */
  public long wakeUps() {
    return loop.handled() - settled;
  }

  /** Signals a descriptor as VFIO does for the device; one that is closed by now goes unheard. */
  public void fire(int fd) {
    if (syscalls.openFds().contains(fd + " eventfd")) {
      syscalls.expire(fd);
    }
  }

  /** What the assigned device has of the VM. */
  public GuestSide guest() {
    return guest;
  }

  /** Opens the device, and what leads to it. */
  public KernelVfio open() {
    return open(Map.of(FakeVfio.DEVICE, FakeVfio.GROUP));
  }

  /** Opens the device and its sibling, and what leads to them. */
  public KernelVfio openBoth() {
    Map<String, Integer> groups = new LinkedHashMap<>();
    groups.put(FakeVfio.DEVICE, FakeVfio.GROUP);
    groups.put(FakeVfio.SIBLING, FakeVfio.SIBLING_GROUP);
    return open(groups);
  }

  private KernelVfio open(Map<String, Integer> groups) {
    return new KernelVfio(linux, kvm.vm(), memory, groups, vfio.bus()::driver);
  }

  /** Assigns the device. */
  public AssignedFunction assign(VfioDevice device) {
    return assign(device, AssignOptions.DEFAULT);
  }

  /** Assigns the device in another way. */
  public AssignedFunction assign(VfioDevice device, AssignOptions options) {
    return new AssignedFunction(device, guest, new PciAddress(0, 3, 0), options);
  }

  /**
   * The requests to VFIO that {@code work} makes, in order, with what it opens, and what it closes
   * of that which was open before: {@code "open /dev/vfio/7"}, {@code "GROUP_GET_STATUS"}, {@code
   * "close /dev/vfio/7"}.
   */
  public List<String> vfioCallsOf(Runnable work) {
    Map<String, String> open = new HashMap<>();
    for (String fd : syscalls.openFds()) {
      int space = fd.indexOf(' ');
      open.put("close(" + fd.substring(0, space) + ")", "close" + fd.substring(space));
    }
    int before = syscalls.calls().size();
    work.run();
    List<String> found = new ArrayList<>();
    List<String> calls = syscalls.calls();
    for (String call : calls.subList(before, calls.size())) {
      String name = call.startsWith("ioctl(") ? request(call) : open.get(call);
      if (call.startsWith("open(")) {
        name = "open " + call.substring("open(".length(), call.indexOf(','));
      }
      if (name != null) {
        found.add(name);
      }
    }
    return found;
  }

  private static String request(String ioctl) {
    long request = Long.parseLong(ioctl.split(", ", 3)[1]);
    return request == FakeKvm.SET_ATTRIBUTE
        ? "KVM_SET_DEVICE_ATTR"
        : FakeVfio.REQUESTS.get(request);
  }

  /** Ends the VM; throws where the code under test has left a descriptor or a mapping. */
  @Override
  public void close() {
    try {
      owned.close();
      syscalls.requireNothingOpen();
    } finally {
      syscalls.close();
    }
  }
}
