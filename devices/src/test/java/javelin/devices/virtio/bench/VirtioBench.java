package javelin.devices.virtio.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javelin.devices.RecordingLine;
import javelin.devices.pci.AddressWindow;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciRoot;
import javelin.devices.virtio.VirtioKind;
import javelin.devices.virtio.pci.VirtioMachine;
import javelin.devices.virtio.pci.VirtioPciFunction;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** A machine on a faked kernel with one virtio function at 00:03.0. */
public final class VirtioBench implements AutoCloseable {
  /** Where BARs may be. */
  public static final AddressWindow WINDOW = new AddressWindow(0xc000_0000L, 0x1000_0000L);

  /** Bytes of guest RAM. */
  public static final int RAM = 4 << 20;

  private static final PciAddress ADDRESS = new PciAddress(0, 3, 0);

  private final Resources owned = new Resources();
  public final FakeSyscalls syscalls = new FakeSyscalls();
  public final Linux linux = new Linux(syscalls);
  public final FakeVm kvm;
  public final GuestMemory memory = new GuestMemory();
  public final IoSpace mmio = IoSpace.mmio();
  public final GsiRoutes routes;
  public final PciRoot pci;
  public final EventLoop loop;

  /** The line that INTA of the function drives. */
  public final RecordingLine line = new RecordingLine();

  /** What went wrong with the device. */
  public final List<String> problems = Collections.synchronizedList(new ArrayList<>());

  public final VirtioPciFunction function;

  /** Opened last, so that the fake's epoll tells of it behind all others. */
  private final EventFd settling;

  private final Semaphore settled = new Semaphore(0);

  /** A machine with the device that {@code maker} makes. */
  public VirtioBench(Function<VirtioBench, VirtioKind> maker) {
    this(maker, 0);
  }

  /** As above; {@code withheld} are features that are not offered. */
  public VirtioBench(Function<VirtioBench, VirtioKind> maker, long withheld) {
    kvm = owned.own(new FakeVm(syscalls));
    owned.own(GuestRam.create(linux, RamConfig.of(RAM), memory));
    routes = new GsiRoutes(kvm.vm());
    pci = new PciRoot(IoSpace.ports(), mmio, List.of(), List.of(WINDOW), gsi -> line);
    loop = owned.own(new EventLoop(linux, "virtio test"));
    VirtioMachine machine = new VirtioMachine(linux, kvm.vm(), routes, pci, memory, problems::add);
    function =
        owned.own(
            new VirtioPciFunction(maker.apply(this), withheld, machine, ADDRESS, queue -> loop));
    pci.bus().add(ADDRESS, function);
    settling = owned.own(linux.eventFd());
    owned.own(
        loop.watch(
            settling.fd(),
            EventLoop.READABLE,
            events -> {
              settling.drain();
              settled.release();
            }));
  }

  /** A driver that has found the function and placed its BAR. */
  public ModelDriver driver() {
    return new ModelDriver(this, ADDRESS.deviceFunction());
  }

  /** A guest's write, by ioeventfd where there is one. */
  public void write(long address, int size, long value) {
    if (!kvm.ring(address)) {
      mmio.write(address, size, value);
    }
  }

  /** Returns when the loop has dealt with what was signalled before. */
  public void settle() {
    settling.signal();
    try {
      if (!settled.tryAcquire(10, TimeUnit.SECONDS)) {
        throw new AssertionError("the loop is stuck");
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Ends the machine; throws where a descriptor or a mapping is left. */
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
