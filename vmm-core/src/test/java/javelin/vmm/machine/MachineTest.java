package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.kvm.KvmRegs.Register;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kvm")
@Timeout(60)
class MachineTest {
  private static final Machine.ResetPolicy STOP = new Machine.ResetPolicy(false, false);
  private static final Machine.ResetPolicy RESET = new Machine.ResetPolicy(true, true);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  @BeforeAll
  static void requireKvm() {
    KvmAvailable.assumeKvm();
  }

  /** Calls {@code action} with each value that the guest writes. */
  private static IoHandler onWrite(java.util.function.LongConsumer action) {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        return 0x5a;
      }

      @Override
      public void write(long offset, int size, long value) {
        action.accept(value);
      }
    };
  }

  @Test
  void shouldPassPortValuesBothWays() throws Exception {
    // in al, 0x40 would be the timer's: 0xe4 0xe0 = in al, 0xe0; inc al; out 0xe1, al; jmp $
    try (TestMachine test = new TestMachine(STOP, 0xe4, 0xe0, 0xfe, 0xc0, 0xe6, 0xe1, 0xeb, 0xfe)) {
      AtomicLong seen = new AtomicLong();
      test.ports.register("in", 0xe0, 1, onWrite(v -> {}));
      test.ports.register(
          "out",
          0xe1,
          1,
          onWrite(
              v -> {
                seen.set(v);
                test.machine.exit(7);
              }));

      StopReason reason = test.machine.run(LIMIT);

      assertThat(reason).isEqualTo(new StopReason.DebugExit(7));
      assertThat(seen).hasValue(0x5b);
      assertThat(test.machine.stats(0).count(ExitKind.PORT_IN)).isEqualTo(1);
      assertThat(test.machine.stats(0).count(ExitKind.PORT_OUT)).isEqualTo(1);
      // The out is finished: RIP is behind it.
      assertThat(test.vcpu.regs().rip()).isEqualTo(TestMachine.CODE + 6);
    }
  }

  @Test
  void shouldStopASpinningVcpuWithInterruptsOffWithin100Millis() throws Exception {
    try (TestMachine test = new TestMachine(STOP, 0xfa, 0xeb, 0xfe)) { // cli; jmp $
      Thread stopper =
          new Thread(
              () -> {
                try {
                  Thread.sleep(200);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
                test.machine.stop(new StopReason.Requested(Long.toString(System.nanoTime())));
              });
      stopper.start();

      StopReason.Requested reason = (StopReason.Requested) test.machine.run(LIMIT);

      long taken = System.nanoTime() - Long.parseLong(reason.by());
      assertThat(Duration.ofNanos(taken)).isLessThan(Duration.ofMillis(100));
      stopper.join();
    }
  }

  @Test
  void shouldTimeOutAGuestThatHalts() throws Exception {
    try (TestMachine test = new TestMachine(STOP, 0xfa, 0xf4)) { // cli; hlt
      assertThat(test.machine.run(Duration.ofMillis(100))).isEqualTo(new StopReason.TimedOut());
    }
  }

  @Test
  void shouldReturnToTheStateAtBootWhenReset() throws Exception {
    // inc ax; out 0xe0, al; jmp start
    try (TestMachine test = new TestMachine(RESET, 0x40, 0xe6, 0xe0, 0xeb, 0xfb)) {
      AtomicInteger writes = new AtomicInteger();
      long[] values = new long[6];
      test.ports.register(
          "out",
          0xe0,
          1,
          onWrite(
              value -> {
                int n = writes.getAndIncrement();
                values[n] = value;
                if (n == 2) {
                  test.machine.reset("test");
                } else if (n == 5) {
                  test.machine.powerOff();
                }
              }));

      assertThat(test.machine.run(LIMIT)).isEqualTo(new StopReason.PoweredOff());

      assertThat(values).containsExactly(1, 2, 3, 1, 2, 3);
    }
  }

  @Test
  void shouldReportACrashWhenTheGuestRunsOutsideItsMemory() throws Exception {
    try (TestMachine test = new TestMachine(STOP, 0xea, 0xff, 0xff, 0xff, 0xff)) { // jmp ffff:ffff
      StopReason.Crashed reason = (StopReason.Crashed) test.machine.run(LIMIT);

      assertThat(reason.crash().cause()).isEqualTo(VcpuCrash.Cause.INTERNAL_ERROR);
      assertThat(reason.crash().vcpu()).isZero();
    }
  }

  @Test
  void shouldPauseAndResumeARunningGuest() throws Exception {
    // inc eax; jmp start
    try (TestMachine test = new TestMachine(STOP, 0x66, 0x40, 0xeb, 0xfc)) {
      Thread runner = runInBackground(test);
      Thread.sleep(50);
      test.machine.pause();
      long first = test.vcpu.regs().get(Register.RAX);
      Thread.sleep(50);
      assertThat(test.vcpu.regs().get(Register.RAX)).isEqualTo(first);
      test.machine.resume();
      Thread.sleep(50);
      long later = test.machine.whilePaused(() -> test.vcpu.regs().get(Register.RAX));
      assertThat(later).isNotEqualTo(first);
      test.machine.stop(new StopReason.Requested("test"));
      runner.join();
    }
  }

  @Test
  void shouldLeaveTheGuestAfterEachInstructionWhenSingleStepping() throws Exception {
    // inc ax; inc ax; inc ax; out 0xe0, al; jmp $
    try (TestMachine test = new TestMachine(STOP, 0x40, 0x40, 0x40, 0xe6, 0xe0, 0xeb, 0xfe)) {
      test.ports.register("out", 0xe0, 1, onWrite(value -> test.machine.powerOff()));
      test.vcpu.singleStep(true);

      assertThat(test.machine.run(LIMIT)).isEqualTo(new StopReason.PoweredOff());

      assertThat(test.machine.stats(0).count(ExitKind.DEBUG)).isBetween(3L, 4L);
    }
  }

  @Test
  void shouldAllocateNothingOnTheExitPath() throws Exception {
    int exits = 60_000;
    // out 0xe0, al; jmp start
    try (TestMachine test = new TestMachine(STOP, 0xe6, 0xe0, 0xeb, 0xfc)) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      AtomicInteger count = new AtomicInteger();
      long[] allocated = new long[2];
      test.ports.register(
          "out",
          0xe0,
          1,
          onWrite(
              value -> {
                int n = count.incrementAndGet();
                if (n == exits / 3) {
                  allocated[0] = threads.getCurrentThreadAllocatedBytes();
                } else if (n == exits) {
                  allocated[1] = threads.getCurrentThreadAllocatedBytes();
                  test.machine.powerOff();
                }
              }));

      test.machine.run(LIMIT);

      assertThat(count.get()).isEqualTo(exits);
      // The measuring call's own result may be allocated; forty thousand exits may not.
      assertThat(allocated[1] - allocated[0]).isLessThan(512);
    }
  }

  private static Thread runInBackground(TestMachine test) {
    Thread runner =
        new Thread(
            () -> {
              try {
                test.machine.run(LIMIT);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    runner.start();
    return runner;
  }
}
