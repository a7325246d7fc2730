package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.fake.FakeVfio;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What VFIO tells of a device beside its interrupts, and who hears of it. */
final class DeviceSignalsTest {
  private interface Body {
    void run(AssignBench bench);
  }

  private static ModelShape shape() {
    PciIdentity identity = new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0);
    return new ModelShape(identity, ConfigSpace.EXPRESS_LENGTH).pin().msi().express();
  }

  private static void assigned(ModelShape shape, Body body) {
    try (AssignBench bench = new AssignBench(shape, true)) {
      try (KernelVfio vfio = bench.open();
          AssignedFunction function = bench.assign(vfio.devices().get(0))) {
        body.run(bench);
        function.reset();
        body.run(bench);
      }
      assertThat(bench.vfio.signals()).isEmpty();
      assertThat(bench.vfio.violations()).isEmpty();
    }
  }

  private static void fire(AssignBench bench, int irq) {
    bench.fire(bench.vfio.signals().get(irq));
    bench.settle();
  }

  @Test
  void shouldReportAnErrorOfTheDevice() {
    assigned(
        shape().signals(),
        bench -> {
          bench.problems.clear();
          fire(bench, VfioIrq.ERROR);
          assertThat(bench.problems)
              .containsExactly(
                  "0000:01:00.0 has reported an error; what the guest reads of it from now on may"
                      + " be wrong");
          assertThat(bench.wantedBack).isEmpty();
        });
  }

  @Test
  void shouldTellOnceThatTheHostWantsTheDeviceBack() {
    assigned(
        shape().signals(),
        bench -> {
          fire(bench, VfioIrq.REQUEST);
          fire(bench, VfioIrq.REQUEST);
          assertThat(bench.wantedBack).containsExactly(FakeVfio.DEVICE);
          assertThat(bench.problems).isEmpty();
        });
  }

  @Test
  void shouldListenToNothingThatTheDeviceDoesNotHave() {
    assigned(shape(), bench -> assertThat(bench.vfio.signals()).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ioctl", "eventfd", "epollCtl"})
  void shouldLeaveNothingWhenListeningIsRefused(String call) {
    int calls = listen(call, 0);
    assertThat(calls).as("one for each signal").isGreaterThanOrEqualTo(2);
    for (int i = 1; i <= calls; i++) {
      listen(call, i);
    }
  }

  /** Listens and stops, with one call refused; returns the number of calls. */
  private static int listen(String call, int refused) {
    try (AssignBench bench = new AssignBench(shape().signals(), true);
        KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      int before = bench.syscalls.calls(call).size();
      if (refused > 0) {
        bench.syscalls.fail(call, refused, Errno.EIO);
        assertThatThrownBy(() -> new DeviceSignals(device, bench.guest()).close())
            .isInstanceOf(ErrnoException.class);
      } else {
        new DeviceSignals(device, bench.guest()).close();
        assertThat(bench.vfio.signals()).isEmpty();
      }
      return bench.syscalls.calls(call).size() - before;
    }
  }
}
