package javelin.vmm.machine;

import java.util.List;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.kvm.KvmRun;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.KickSignal;

/**
 * The thread of one vCPU: enters the guest, handles the exit, enters again.
 *
 * <p>The way from KVM_RUN to KVM_RUN allocates nothing and takes no lock of its own. Leaving it:
 * whoever wants the vCPU out closes the {@link Gate} first, then calls {@link #kick}; the thread
 * clears immediate_exit before it looks at the gate, so no request is lost.
 */
final class VcpuThread {
  private static final int NO_THREAD = 0;

  private final int index;
  private final KvmVcpu vcpu;
  private final KvmRun exit;
  private final IoSpace ports;
  private final IoSpace mmio;
  private final Gate gate;
  private final KickSignal kickSignal;
  private final Machine machine;
  private final ExitStats stats;
  private final ExitTracer tracer;
  private final ExitRing recentExits = new ExitRing();
  private final Thread thread;

  /** The kernel's id of the thread while it may be in the guest. */
  private volatile int tid = NO_THREAD;

  VcpuThread(Machine machine, Machine.Parts parts, Gate gate, int index) {
    this.machine = machine;
    this.index = index;
    this.gate = gate;
    vcpu = parts.vcpus().get(index);
    exit = vcpu.exit();
    ports = parts.ports();
    mmio = parts.mmio();
    kickSignal = parts.kickSignal();
    tracer = parts.tracer();
    stats = new ExitStats(parts.timed());
    thread = new Thread(this::run, "vcpu-" + index);
    thread.setDaemon(true);
  }

  KvmVcpu vcpu() {
    return vcpu;
  }

  ExitStats stats() {
    return stats;
  }

  ExitRing recentExits() {
    return recentExits;
  }

  void start() {
    thread.start();
  }

  void join(long millis) throws InterruptedException {
    thread.join(millis);
    if (thread.isAlive()) {
      throw new IllegalStateException(thread.getName() + " does not end");
    }
  }

  /** Takes the vCPU out of the guest, or keeps it from entering once. Any thread may call. */
  void kick() {
    exit.immediateExit(true);
    int target = tid;
    if (target != NO_THREAD) {
      kickSignal.send(target);
    }
  }

  private void run() {
    tid = kickSignal.currentThread();
    try {
      boolean open = gate.isOpen() || passGate();
      if (open && index == 0) {
        machine.firstEntry();
      }
      while (open) {
        step();
        open = gate.isOpen() || passGate();
      }
    } catch (RuntimeException | Error e) {
      machine.stop(new StopReason.Failed(e));
      gate.retire();
    } finally {
      tid = NO_THREAD;
    }
  }

  private boolean passGate() {
    // The kernel still holds the end of the last access; what looks at registers wants it done.
    vcpu.completeExit();
    return gate.pass();
  }

  private void step() {
    int result = vcpu.run();
    if (result < 0) {
      interrupted(result);
      return;
    }
    if (stats.timed()) {
      long start = System.nanoTime();
      ExitKind kind = handle();
      stats.time(kind, System.nanoTime() - start);
    } else {
      handle();
    }
  }

  private void interrupted(int result) {
    exit.immediateExit(false);
    stats.add(ExitKind.INTERRUPTED);
    if (!Errno.EINTR.is(result) && !Errno.EAGAIN.is(result)) {
      crash(VcpuCrash.Cause.RUN_FAILED, -result);
    }
  }

  private ExitKind handle() {
    int reason = exit.exitReason();
    ExitKind kind =
        switch (reason) {
          case KvmRun.EXIT_IO -> port();
          case KvmRun.EXIT_MMIO -> mmio();
          default -> other(reason);
        };
    stats.add(kind);
    return kind;
  }

  private ExitKind port() {
    int port = exit.ioPort();
    int size = exit.ioSize();
    int count = exit.ioCount();
    int data = exit.ioDataOffset();
    boolean isOut = exit.ioIsOut();
    recentExits.port(port, size, isOut);
    for (int i = 0; i < count; i++, data += size) {
      if (isOut) {
        ports.write(port, size, exit.ioData(data, size));
      } else {
        exit.ioData(data, size, ports.read(port, size));
      }
      if (tracer != null) {
        tracer.port(index, port, size, isOut, exit.ioData(data, size));
      }
    }
    return isOut ? ExitKind.PORT_OUT : ExitKind.PORT_IN;
  }

  private ExitKind mmio() {
    long address = exit.mmioAddress();
    int size = exit.mmioLength();
    boolean isWrite = exit.mmioIsWrite();
    recentExits.mmio(address, size, isWrite);
    if (isWrite) {
      mmio.write(address, size, exit.mmioData(size));
    } else {
      exit.mmioData(size, mmio.read(address, size));
    }
    if (tracer != null) {
      tracer.mmio(index, address, size, isWrite, exit.mmioData(size));
    }
    return isWrite ? ExitKind.MMIO_WRITE : ExitKind.MMIO_READ;
  }

  private ExitKind other(int reason) {
    recentExits.other(reason);
    if (tracer != null) {
      tracer.other(index, reason);
    }
    switch (reason) {
      case KvmRun.EXIT_SHUTDOWN ->
          machine.tripleFault(new VcpuCrash(index, VcpuCrash.Cause.TRIPLE_FAULT, 0, List.of()));
      case KvmRun.EXIT_INTERNAL_ERROR -> crash(VcpuCrash.Cause.INTERNAL_ERROR, exit.detail());
      case KvmRun.EXIT_FAIL_ENTRY -> crash(VcpuCrash.Cause.FAIL_ENTRY, exit.failureReason());
      case KvmRun.EXIT_HLT -> {
        return ExitKind.HALT;
      }
      case KvmRun.EXIT_DEBUG -> {
        return ExitKind.DEBUG;
      }
      case KvmRun.EXIT_INTR, KvmRun.EXIT_IRQ_WINDOW_OPEN -> {
        return ExitKind.INTERRUPTED;
      }
      default -> crash(VcpuCrash.Cause.UNHANDLED_EXIT, reason);
    }
    return ExitKind.OTHER;
  }

  private void crash(VcpuCrash.Cause cause, long detail) {
    List<Long> data = cause == VcpuCrash.Cause.INTERNAL_ERROR ? exit.detailData() : List.of();
    machine.stop(new StopReason.Crashed(new VcpuCrash(index, cause, detail, data)));
  }
}
