package javelin.perf.exits;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.machine.Machine;
import javelin.vmm.machine.StopReason;

/** Runs an exit loop through Javelin's own exit loop: {@link Machine} and its vCPU thread. */
final class JavaLoop {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private JavaLoop() {}

  /**
   * Runs {@code loop} until it has left the guest {@code warmup + count} times.
   *
   * @throws javelin.vmm.kvm.KvmException where KVM cannot be used
   */
  static Samples run(ExitLoop loop, int warmup, int count) throws InterruptedException {
    Stopwatch stopwatch = new Stopwatch(warmup, count);
    try (LoopMachine test = LoopMachine.create(loop, stopwatch)) {
      stopwatch.machine = test.machine();
      StopReason reason = test.machine().run(LIMIT);
      if (!(reason instanceof StopReason.PoweredOff)) {
        throw new IllegalStateException("the measuring guest ended early: " + reason);
      }
    }
    return new Samples(stopwatch.nanos, stopwatch.allocated);
  }

  /** Takes the time of each write; the machine's vCPU thread calls it, and nothing else does. */
  private static final class Stopwatch implements IoHandler {
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final long[] nanos;
    private Machine machine;
    private int index;
    private long last;
    private long allocated;

    Stopwatch(int warmup, int count) {
      nanos = new long[count];
      index = -warmup - 1;
    }

    @Override
    public long read(long offset, int size) {
      throw new IllegalStateException("the measuring guest reads nothing");
    }

    @Override
    public void write(long offset, int size, long value) {
      long now = System.nanoTime();
      if (index >= 0 && index < nanos.length) {
        nanos[index] = now - last;
      }
      last = now;
      index++;
      if (index == 0) {
        // The first call makes what the bean itself needs; the second one counts.
        threads.getCurrentThreadAllocatedBytes();
        allocated = threads.getCurrentThreadAllocatedBytes();
        last = System.nanoTime();
      } else if (index == nanos.length) {
        allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
        machine.powerOff();
      }
    }
  }
}
