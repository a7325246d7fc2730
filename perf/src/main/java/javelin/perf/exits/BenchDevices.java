package javelin.perf.exits;

import javelin.boot.guest.bench.BenchPorts;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.EdgeInterrupt;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.kvm.KvmVm.Doorbell;
import javelin.vmm.kvm.MsiRequest;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/** What {@link BenchPorts} describes: handlers that do one thing each, in Javelin's own ways. */
final class BenchDevices implements AutoCloseable {
  /** Messages to here reach the local APIC with id 0 (Intel SDM volume 3, 11.11.1). */
  private static final long MSI_ADDRESS = 0xfee0_0000L;

  private static final int PORT_BYTES = 4;
  private static final int PAGE = 4096;

  private final Resources owned = new Resources();
  private final Linux linux;
  private final KvmVm vm;
  private final GsiRoutes routes;

  /** A value that can be written and read. */
  private static final class Storage implements IoHandler {
    private volatile long stored;

    @Override
    public long read(long offset, int size) {
      return stored;
    }

    @Override
    public void write(long offset, int size, long value) {
      stored = value;
    }
  }

  /** Something that a write does. */
  private interface Action extends IoHandler {
    void run(long value);

    @Override
    default long read(long offset, int size) {
      return -1;
    }

    @Override
    default void write(long offset, int size, long value) {
      run(value);
    }
  }

  /**
   * Puts all at their places.
   *
   * @param loop serves the doorbell
   * @param meter hears of the marks and has the times taken
   */
  BenchDevices(
      Linux linux,
      KvmVm vm,
      GsiRoutes routes,
      IoSpace ports,
      IoSpace mmio,
      EventLoop loop,
      CaseMeter meter) {
    this.linux = linux;
    this.vm = vm;
    this.routes = routes;
    try {
      ports.register("bench storage", BenchPorts.STORAGE, PORT_BYTES, new Storage());
      mmio.register("bench storage", BenchPorts.STORAGE_MMIO, PAGE, new Storage());
      Storage present = new Storage();
      present.write(0, PORT_BYTES, BenchPorts.MAGIC);
      ports.register("bench presence", BenchPorts.PRESENT, PORT_BYTES, present);
      Action mark = value -> meter.mark((int) value);
      ports.register("bench mark", BenchPorts.MARK, PORT_BYTES, mark);
      ports.register("bench timed", BenchPorts.TIMED, PORT_BYTES, meter.timed());
      mmio.register("bench timed", BenchPorts.TIMED_MMIO, PAGE, meter.timed());
      EdgeInterrupt irqfd = interrupt(BenchPorts.VECTOR_IRQFD);
      Action trigger = value -> irqfd.trigger();
      ports.register("bench irqfd", BenchPorts.IRQFD, PORT_BYTES, trigger);
      MsiRequest request = new MsiRequest(vm);
      Action send = value -> request.signal(MSI_ADDRESS, BenchPorts.VECTOR_MSI);
      ports.register("bench MSI", BenchPorts.MSI, PORT_BYTES, send);
      EventFd idle = owned.own(linux.eventFd());
      vm.attachIoeventfd(idle, Doorbell.PORT, BenchPorts.IDLE_DOORBELL, 1);
      vm.attachIoeventfd(idle, Doorbell.MMIO, BenchPorts.IDLE_DOORBELL_MMIO, 0);
      EventFd rung = owned.own(linux.eventFd());
      vm.attachIoeventfd(rung, Doorbell.PORT, BenchPorts.DOORBELL, 1);
      EdgeInterrupt answer = interrupt(BenchPorts.VECTOR_DOORBELL);
      owned.own(loop.watch(rung.fd(), EventLoop.READABLE, events -> answer(rung, answer)));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private static void answer(EventFd rung, EdgeInterrupt answer) {
    if (rung.drain() > 0) {
      answer.trigger();
    }
  }

  /** An irqfd whose message is that vector of the boot processor. */
  private EdgeInterrupt interrupt(int vector) {
    EdgeInterrupt made = owned.own(new EdgeInterrupt(vm, linux.eventFd(), routes.allocate()));
    routes.update(batch -> batch.route(made.gsi(), new Msi(MSI_ADDRESS, vector)));
    made.attach();
    return made;
  }

  @Override
  public void close() {
    owned.close();
  }
}
