package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.VfioUserBench.await;
import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Devices that do wrong on purpose, and only when they are told to. */
@Timeout(60)
final class FaultsTest {
  private static final int IDENTIFICATION = 0x0100_00ed;
  private static final int RAISE = 0x60;

  private interface Body {
    void run(VfioUserBench bench) throws Exception;
  }

  private static void with(String fault, Body body) throws Exception {
    noLeaks(
        () -> {
          try (VfioUserBench bench = new VfioUserBench(new EduModel(true), fault)) {
            body.run(bench);
          }
        });
  }

  @Test
  void shouldLoseTheSecondInterrupt() throws Exception {
    with(
        "drop-irq:2",
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.MSI, 0, List.of(event));
          for (long expected : new long[] {1, 0, 1}) {
            bench.register(0, RAISE, 1);
            assertThat(event.drain()).isEqualTo(expected);
          }
        });
  }

  @Test
  void shouldSendTheFirstInterruptLate() throws Exception {
    with(
        "delay-irq",
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.MSI, 0, List.of(event));
          long start = System.nanoTime();
          bench.register(0, RAISE, 1);
          assertThat(event.drain()).isZero();
          await(() -> event.drain() == 1);
          assertThat(System.nanoTime() - start).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(190));
        });
  }

  @Test
  void shouldForgetALateInterruptThatNobodyWaitsForAnyMore() throws Exception {
    with(
        "delay-irq",
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.MSI, 0, List.of(event));
          bench.register(0, RAISE, 1);
          bench.device.disable(VfioIrq.MSI);
          Thread.sleep(300);
          assertThat(event.drain()).isZero();
          assertThat(bench.register(0, 0)).isEqualTo(IDENTIFICATION);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"stall:3", "vanish:3"})
  void shouldNotAnswerTheThirdAccess(String fault) throws Exception {
    with(
        fault,
        bench -> {
          assertThat(bench.register(0, 0)).isEqualTo(IDENTIFICATION);
          bench.register(0, 4, 1);
          assertThat(bench.register(0, 0)).isEqualTo(-1);
          assertThat(bench.register(0, 0)).isEqualTo(-1);
          assertThat(bench.said)
              .singleElement()
              .asString()
              .matches(
                  "user:test is gone: its server (does not answer|has closed the connection);.*");
        });
  }

  @Test
  void shouldReadOnesFromTheSecondAccessOn() throws Exception {
    with(
        "all-ones:2",
        bench -> {
          assertThat(bench.register(0, 0)).isEqualTo(IDENTIFICATION);
          assertThat(bench.register(0, 0)).isEqualTo(-1);
          assertThat(bench.register(0, 0)).isEqualTo(-1);
          assertThat(bench.config(0, 2)).isEqualTo(0x1234);
          assertThat(bench.said).isEmpty();
        });
  }

  @Test
  void shouldRaiseThePinWithoutACause() throws Exception {
    with(
        "spurious-intx:2",
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.INTX, 0, List.of(event));
          bench.register(0, 0);
          assertThat(event.drain()).isZero();
          bench.register(0, 0);
          assertThat(event.drain()).isEqualTo(1);
          assertThat(bench.register(0, 0x24)).isZero();
        });
  }

  @Test
  void shouldFailToMapAndToReset() throws Exception {
    noLeaks(
        () ->
            assertThatThrownBy(() -> new VfioUserBench(new EduModel(true), "fail-map"))
                .isInstanceOf(VfioException.class)
                .hasMessageContaining("refuses VFIO_USER_DMA_MAP with ENOMEM"));
    // The first reset is the one when the device is opened.
    with(
        "fail-reset:2",
        bench -> {
          bench.register(0, 4, 1);
          assertThatThrownBy(bench.device::reset)
              .isInstanceOf(ErrnoException.class)
              .hasMessage("VFIO_USER_DEVICE_RESET user:test: EIO (input/output error)");
          assertThat(bench.register(0, 4)).as("it was reset all the same").isZero();
          bench.device.reset();
        });
  }
}
