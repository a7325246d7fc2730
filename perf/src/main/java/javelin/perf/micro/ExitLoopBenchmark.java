package javelin.perf.micro;

import java.util.concurrent.locks.LockSupport;
import javelin.perf.exits.ExitLoop;
import javelin.perf.exits.LoopMachine;
import javelin.vmm.bus.IoHandler;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * An exit through Javelin's exit loop: the guest's write, the vCPU thread, the look-up, the
 * handler, and back. The vCPU thread works in batches, so that waking it weighs nothing.
 */
public class ExitLoopBenchmark extends MicroBenchmark {
  private static final int BATCH = 10_000;

  /** What the guest does. */
  @Param public ExitLoop loop;

  private LoopMachine machine;
  private Batches batches;
  private Thread runner;

  /** Lets the vCPU thread through for one batch of exits at a time. */
  private static final class Batches implements IoHandler {
    private int left;
    private Thread vcpu;
    private volatile Thread customer;
    private volatile boolean ended;

    @Override
    public long read(long offset, int size) {
      return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
      if (left == 0) {
        rest();
      }
      left--;
    }

    private void rest() {
      vcpu = Thread.currentThread();
      Thread served = customer;
      customer = null;
      LockSupport.unpark(served);
      while (customer == null && !ended) {
        LockSupport.park(this);
      }
      left = BATCH;
    }

    /** Has one batch done, and waits for it. */
    void order() {
      customer = Thread.currentThread();
      LockSupport.unpark(vcpu);
      while (customer != null) {
        LockSupport.park(this);
      }
    }

    void end() {
      ended = true;
      LockSupport.unpark(vcpu);
    }
  }

  /** Starts the machine and waits for the guest's first write. */
  @Setup
  public void start() {
    batches = new Batches();
    machine = LoopMachine.create(loop, batches);
    batches.customer = Thread.currentThread();
    runner = new Thread(this::run, "machine");
    runner.start();
    while (batches.customer != null) {
      LockSupport.park(this);
    }
  }

  private void run() {
    try {
      machine.machine().run(null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops the machine. */
  @TearDown
  public void stop() throws InterruptedException {
    machine.machine().powerOff();
    batches.end();
    runner.join();
    machine.close();
  }

  /** Into the guest, out again, and through the handler. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void exit() {
    batches.order();
  }
}
