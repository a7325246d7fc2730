package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.irq.EdgeInterrupt;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.irq.IrqLines;
import javelin.vmm.irq.LevelInterrupt;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Interrupts by wire, irqfd and resampled irqfd, and doorbells by ioeventfd, on /dev/kvm. */
@Tag("kvm")
@Timeout(60)
class InterruptTest {
  private static final int IRQ = 4;
  private static final int HANDLED_PORT = 0xe0;
  private static final int DOORBELL_PORT = 0xe1;
  private static final int HANDLER = 0x1100;
  private static final int VECTOR_OFFSET = (8 + IRQ) * 4;

  /**
   * Programs the master PIC: vectors from 8, only IRQ 4 unmasked, level-triggered where the ELCR
   * (port 0x4D0) says so. Then rings the doorbell three times and halts for ever.
   */
  private static int[] code(boolean isLevel) {
    return new int[] {
      0xfa, // cli
      0xba,
      0xd0,
      0x04, // mov dx, 0x4d0
      0xb0,
      isLevel ? 1 << IRQ : 0,
      0xee, // mov al, elcr; out dx, al
      0xb0,
      0x11,
      0xe6,
      0x20, // ICW1
      0xb0,
      0x08,
      0xe6,
      0x21, // ICW2: vectors from 8
      0xb0,
      0x04,
      0xe6,
      0x21, // ICW3
      0xb0,
      0x01,
      0xe6,
      0x21, // ICW4: 8086 mode
      0xb0,
      0xff ^ 1 << IRQ,
      0xe6,
      0x21, // mask
      0xe6,
      DOORBELL_PORT,
      0xe6,
      DOORBELL_PORT,
      0xe6,
      DOORBELL_PORT,
      0xe6,
      HANDLED_PORT, // ready
      0xfb,
      0xf4,
      0xeb,
      0xfd, // sti; hlt; jmp to the hlt
    };
  }

  /** out 0xe0, al; mov al, 0x20; out 0x20, al; iret. */
  private static final int[] HANDLER_CODE = {0xe6, HANDLED_PORT, 0xb0, 0x20, 0xe6, 0x20, 0xcf};

  private final Linux linux = Linux.system();
  private final Semaphore handled = new Semaphore(0);
  private TestMachine test;
  private EventFd doorbell;
  private Thread runner;

  @BeforeAll
  static void requireKvm() {
    KvmAvailable.assumeKvm();
  }

  @BeforeEach
  void makeDoorbell() {
    doorbell = linux.eventFd();
  }

  @AfterEach
  void end() throws InterruptedException {
    test.machine.stop(new StopReason.Requested("test"));
    runner.join();
    test.close();
    doorbell.close();
  }

  private void start(boolean isLevel) throws InterruptedException {
    test = new TestMachine(new Machine.ResetPolicy(false, false), code(isLevel));
    for (int i = 0; i < HANDLER_CODE.length; i++) {
      test.memory.writeU8(HANDLER + i, HANDLER_CODE[i]);
    }
    test.memory.writeU16(VECTOR_OFFSET, HANDLER);
    test.memory.writeU16(VECTOR_OFFSET + 2, 0);
    test.ports.register(
        "handled",
        HANDLED_PORT,
        1,
        new IoHandler() {
          @Override
          public long read(long offset, int size) {
            return 0;
          }

          @Override
          public void write(long offset, int size, long value) {
            handled.release();
          }
        });
    test.vm.attachIoeventfd(doorbell, KvmVm.Doorbell.PORT, DOORBELL_PORT, 1);
    runner =
        new Thread(
            () -> {
              try {
                test.machine.run(Duration.ofSeconds(50));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    runner.start();
    awaitHandled();
  }

  private void awaitHandled() throws InterruptedException {
    assertThat(handled.tryAcquire(20, TimeUnit.SECONDS)).as("the guest ran its handler").isTrue();
  }

  private void expectNothingMore() throws InterruptedException {
    assertThat(handled.tryAcquire(100, TimeUnit.MILLISECONDS)).isFalse();
  }

  @Test
  void shouldSignalTheDoorbellWithoutAnExit() throws Exception {
    start(false);

    assertThat(doorbell.drain()).isEqualTo(3);
    // An exit counts when its handling has ended, so let the vCPU thread finish.
    test.machine.stop(new StopReason.Requested("test"));
    runner.join();
    // The only exit to user space is the write that says ready.
    assertThat(test.machine.stats(0).count(ExitKind.PORT_OUT)).isEqualTo(1);
  }

  @Test
  void shouldInterruptTheGuestByWire() throws Exception {
    start(false);
    IrqLine line = new IrqLines(test.vm).line(IRQ);

    line.pulse();
    awaitHandled();
    expectNothingMore();
  }

  @Test
  void shouldInterruptTheGuestOnceForEachSignalOfAnEdge() throws Exception {
    start(false);
    try (EdgeInterrupt edge = new EdgeInterrupt(test.vm, linux.eventFd(), IRQ)) {
      edge.attach();
      for (int i = 0; i < 3; i++) {
        edge.trigger();
        awaitHandled();
      }
      edge.detach();
      edge.trigger();
      expectNothingMore();

      edge.attach(); // What was signalled meanwhile is delivered now.
      awaitHandled();
    }
  }

  @Test
  void shouldTellOfTheAcknowledgementOfALevel() throws Exception {
    start(true);
    try (LevelInterrupt level =
        new LevelInterrupt(test.vm, linux.eventFd(), linux.eventFd(), IRQ)) {
      level.attach();
      level.assertLine();
      awaitHandled();
      expectNothingMore();
      assertThat(level.resample().drain()).isEqualTo(1);

      level.assertLine(); // The cause is still there.
      awaitHandled();
    }
  }

  @Test
  void shouldKeepThePinsWhenMessagesAreRouted() throws Exception {
    start(false);
    GsiRoutes routes = new GsiRoutes(test.vm);
    int gsi = routes.allocate();
    int other = routes.allocate();
    assertThat(gsi).isGreaterThanOrEqualTo(GsiRoutes.IOAPIC_PINS).isNotEqualTo(other);

    routes.update(
        batch -> {
          batch.route(gsi, new Msi(0xfee0_0000L, 0x40));
          batch.free(other);
        });

    new IrqLines(test.vm).line(IRQ).pulse();
    awaitHandled();
    assertThat(routes.allocate()).isEqualTo(other);
  }
}
