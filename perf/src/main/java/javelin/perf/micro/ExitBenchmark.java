package javelin.perf.micro;

import javelin.perf.exits.ExitLoop;
import javelin.perf.exits.LoopMachine;
import javelin.vmm.bus.IoHandler;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/** A round trip through KVM_RUN alone: the floor under {@link ExitLoopBenchmark}. */
public class ExitBenchmark extends MicroBenchmark {
  /** What the guest does. */
  @Param public ExitLoop loop;

  private LoopMachine machine;

  /** Nobody hears of the exits. */
  private static final class NoHandler implements IoHandler {
    @Override
    public long read(long offset, int size) {
      return 0;
    }

    @Override
    public void write(long offset, int size, long value) {}
  }

  /** Makes the machine. */
  @Setup
  public void start() {
    machine = LoopMachine.create(loop, new NoHandler());
  }

  /** Takes it down. */
  @TearDown
  public void stop() {
    machine.close();
  }

  /** Into the guest and out again. */
  @Benchmark
  public int kvmRun() {
    int result = machine.vcpu().run();
    if (result < 0) {
      throw new IllegalStateException("KVM_RUN: " + result);
    }
    return machine.vcpu().exit().exitReason();
  }
}
