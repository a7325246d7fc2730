package javelin.vmm.machine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.kvm.KvmVcpu;
import javelin.vmm.linux.KickSignal;
import org.slf4j.LoggerFactory;

/**
 * A machine's vCPUs and their life: start, pause, resume, reset, stop.
 *
 * <p>Threads: each vCPU has one. The thread that calls {@link #run} carries out resets and the
 * stop; any thread, a vCPU's own among them, may ask for them through {@link PowerControl} and
 * {@link #stop}. Such a request closes the gate at once, so the vCPU that made it does not enter
 * the guest again before it is carried out.
 */
public final class Machine implements PowerControl, AutoCloseable {
  private static final long JOIN_MILLIS = 5_000;

  /**
   * What a machine is made of.
   *
   * @param vcpus the processors, the boot processor first; the machine's owner closes them
   * @param ports the I/O ports
   * @param mmio the MMIO addresses
   * @param kickSignal what takes a thread out of the guest
   * @param resetter returns vCPUs, devices and RAM to their state at boot; called while no vCPU
   *     runs
   * @param policy what a guest's reset and a triple fault do
   * @param timed whether exit times are recorded
   * @param tracer hears of each exit; null for none
   */
  public record Parts(
      List<KvmVcpu> vcpus,
      IoSpace ports,
      IoSpace mmio,
      KickSignal kickSignal,
      Runnable resetter,
      ResetPolicy policy,
      boolean timed,
      ExitTracer tracer) {}

  /**
   * What a reset does.
   *
   * @param resetOnRequest a reset that the guest asks for starts it again; else it stops the
   *     machine
   * @param resetOnTripleFault a triple fault starts the guest again; else it is a crash
   */
  public record ResetPolicy(boolean resetOnRequest, boolean resetOnTripleFault) {}

  private final Parts parts;
  private final Gate gate = new Gate();
  private final List<VcpuThread> vcpus = new ArrayList<>();

  /**
   * Held while the vCPUs are brought to a stop and until they may go on: one such work at a time.
   */
  private final Object standstill = new Object();

  /** Guards the requests below; taken inside {@link #standstill}, never around it. */
  private final Object requests = new Object();

  private StopReason stopReason;
  private String resetCause;
  private boolean paused;
  private boolean started;
  private Runnable firstEntry = () -> {};

  /** A machine that stands still. */
  public Machine(Parts parts) {
    this.parts = parts;
    for (int i = 0; i < parts.vcpus().size(); i++) {
      vcpus.add(new VcpuThread(this, parts, gate, i));
    }
  }

  /**
   * Has {@code listener} run when the boot processor is about to enter the guest for the first
   * time, on its thread. To be called before {@link #run}.
   */
  public void onFirstEntry(Runnable listener) {
    firstEntry = listener;
  }

  void firstEntry() {
    firstEntry.run();
  }

  /**
   * Runs the guest until it stops.
   *
   * @param limit how long the guest may run; null for as long as it likes
   * @return why it stopped; all vCPUs wait outside the guest then, and may be looked at
   */
  public StopReason run(Duration limit) throws InterruptedException {
    long deadline = limit == null ? Long.MAX_VALUE : System.nanoTime() + limit.toNanos();
    start();
    while (true) {
      awaitRequest(limit != null, deadline);
      synchronized (standstill) {
        gate.closeAndAwait(vcpus);
        StopReason reason = resetOrStop();
        if (reason != null) {
          return reason;
        }
      }
    }
  }

  private void start() {
    synchronized (requests) {
      if (started) {
        throw new IllegalStateException("A machine runs once");
      }
      started = true;
    }
    for (VcpuThread vcpu : vcpus) {
      vcpu.start();
    }
    reopen();
  }

  private void awaitRequest(boolean limited, long deadline) throws InterruptedException {
    synchronized (requests) {
      while (stopReason == null && resetCause == null) {
        if (!limited) {
          requests.wait();
          continue;
        }
        long left = deadline - System.nanoTime();
        if (left > 0) {
          requests.wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
        } else {
          stop(new StopReason.TimedOut());
        }
      }
    }
  }

  /** Carries a reset out and returns null, or returns why the machine stops. */
  private StopReason resetOrStop() {
    String cause;
    synchronized (requests) {
      if (stopReason != null) {
        return stopReason;
      }
      cause = resetCause;
      resetCause = null;
    }
    // Looked up here: what finds it costs a launch some milliseconds.
    LoggerFactory.getLogger(Machine.class).debug("Reset: {}", cause);
    try {
      parts.resetter().run();
    } catch (RuntimeException e) {
      return new StopReason.Failed(e);
    }
    reopen();
    return null;
  }

  /** Lets the vCPUs run, where nothing speaks against it. */
  private void reopen() {
    synchronized (requests) {
      if (started && !paused && stopReason == null && resetCause == null) {
        gate.open();
      }
    }
  }

  /** Stops all vCPUs until {@link #resume}; they are out of the guest on return. */
  public void pause() throws InterruptedException {
    whilePaused(
        () -> {
          synchronized (requests) {
            paused = true;
          }
          return null;
        });
  }

  /** Lets the vCPUs go on after {@link #pause}. */
  public void resume() {
    synchronized (requests) {
      paused = false;
    }
    reopen();
  }

  /**
   * Does {@code work} while no vCPU is in the guest, then lets them go on. Not for vCPU threads.
   *
   * @return what {@code work} returned
   */
  public <T> T whilePaused(Supplier<T> work) throws InterruptedException {
    synchronized (standstill) {
      synchronized (requests) {
        if (!started) {
          return work.get();
        }
      }
      gate.closeAndAwait(vcpus);
      try {
        return work.get();
      } finally {
        reopen();
      }
    }
  }

  /** Stops the machine; the first reason counts. */
  public void stop(StopReason reason) {
    synchronized (requests) {
      if (stopReason == null) {
        stopReason = reason;
        gate.close();
        requests.notifyAll();
      }
    }
  }

  @Override
  public void powerOff() {
    stop(new StopReason.PoweredOff());
  }

  @Override
  public void exit(int code) {
    stop(new StopReason.DebugExit(code));
  }

  @Override
  public void reset(String cause) {
    if (parts.policy().resetOnRequest()) {
      requestReset(cause);
    } else {
      stop(new StopReason.ResetRequested(cause));
    }
  }

  void tripleFault(VcpuCrash crash) {
    if (parts.policy().resetOnTripleFault()) {
      requestReset(crash.toString());
    } else {
      stop(new StopReason.Crashed(crash));
    }
  }

  private void requestReset(String cause) {
    synchronized (requests) {
      if (resetCause == null) {
        resetCause = cause;
        gate.close();
        requests.notifyAll();
      }
    }
  }

  /** Exit statistics of vCPU {@code index}. */
  public ExitStats stats(int index) {
    return vcpus.get(index).stats();
  }

  /** The latest exits of vCPU {@code index}; for use while it is out of the guest. */
  public ExitRing recentExits(int index) {
    return vcpus.get(index).recentExits();
  }

  /** How many vCPUs there are. */
  public int vcpuCount() {
    return vcpus.size();
  }

  /** Ends the vCPU threads. The machine's owner may close the vCPUs afterwards. */
  @Override
  public void close() {
    stop(new StopReason.Requested("close"));
    boolean wasStarted;
    synchronized (requests) {
      wasStarted = started;
      started = true;
    }
    if (!wasStarted) {
      return;
    }
    try {
      synchronized (standstill) {
        gate.closeAndAwait(vcpus);
      }
      gate.end();
      for (VcpuThread vcpu : vcpus) {
        vcpu.join(JOIN_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
