package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import javelin.devices.pci.BarBacking;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.fake.FakeKvm.Doorbell;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.EventFd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which ioeventfds KVM has as a BAR moves, its device sleeps, and it goes. */
final class BarDoorbellsTest {
  private static final long FIRST = 0xc000_0000L;
  private static final long SECOND = 0xc010_0000L;

  private static final int POWER_CONTROL = 0x44;
  private static final int EXPRESS_CONTROL = 0x48 + 8;

  private boolean answers = true;

  private interface Body {
    void run(AssignBench bench, AssignedBar bar, EventFd event);
  }

  private void with(KvmVm.Doorbell kind, Body body) {
    ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.PCI_LENGTH);
    try (AssignBench bench = new AssignBench(shape);
        EventFd event = bench.linux.eventFd()) {
      List<VfioDoorbell> doorbells =
          List.of(
              new VfioDoorbell(0x10, 4, false, 0, event),
              new VfioDoorbell(0x20, 2, true, 7, event),
              new VfioDoorbell(0x20, 2, true, 8, event));
      BarDoorbells own = new BarDoorbells("test BAR 0", kind, doorbells, bench.guest());
      BarBacking trap =
          new BarBacking() {
            @Override
            public boolean map(long address) {
              return answers;
            }

            @Override
            public void unmap() {}
          };
      try (AssignedBar bar = new AssignedBar("test BAR 0", trap, List.of(), own, bench.guest())) {
        body.run(bench, bar, event);
      }
      assertThat(bench.kvm.doorbells()).as("closed").isEmpty();
      assertThat(bench.kvm.violations()).isEmpty();
    }
  }

  private static List<Doorbell> at(long bar, boolean isPort, EventFd event) {
    int fd = event.fd().number();
    return List.of(
        new Doorbell(isPort, bar + 0x10, 4, null, fd),
        new Doorbell(isPort, bar + 0x20, 2, 7L, fd),
        new Doorbell(isPort, bar + 0x20, 2, 8L, fd));
  }

  @ParameterizedTest
  @EnumSource
  void shouldFollowTheBar(KvmVm.Doorbell kind) {
    boolean isPort = kind == KvmVm.Doorbell.PORT;
    with(
        kind,
        (bench, bar, event) -> {
          assertThat(bench.kvm.doorbells()).isEmpty();
          bar.map(FIRST);
          assertThat(bench.kvm.doorbells()).isEqualTo(at(FIRST, isPort, event));
          bar.move(SECOND);
          assertThat(bench.kvm.doorbells()).isEqualTo(at(SECOND, isPort, event));
          answers = false;
          bar.move(FIRST);
          assertThat(bench.kvm.doorbells()).isEmpty();
          answers = true;
          bar.map(FIRST);
          bar.unmap();
          assertThat(bench.kvm.doorbells()).isEmpty();
          bar.map(SECOND);
          assertThat(bench.kvm.doorbells()).hasSize(3);
          assertThat(bench.problems).isEmpty();
        });
  }

  @Test
  void shouldTrapWhileTheDeviceDoesNotAnswerAndWhereAllIsTrapped() {
    with(
        KvmVm.Doorbell.MMIO,
        (bench, bar, event) -> {
          bar.map(FIRST);
          bar.reachable(false);
          assertThat(bench.kvm.doorbells()).isEmpty();
          bar.move(SECOND);
          assertThat(bench.kvm.doorbells()).isEmpty();
          bar.trapped(true);
          bar.reachable(true);
          assertThat(bench.kvm.doorbells()).isEmpty();
          bar.trapped(false);
          assertThat(bench.kvm.doorbells()).isEqualTo(at(SECOND, false, event));
        });
  }

  @Test
  void shouldTrapWhatKvmDoesNotTake() {
    with(
        KvmVm.Doorbell.MMIO,
        (bench, bar, event) -> {
          bench.kvm.refuseDoorbells();
          assertThat(bar.map(FIRST)).isTrue();
          assertThat(bench.problems)
              .hasSize(3)
              .first()
              .asString()
              .startsWith("test BAR 0: the doorbell at 0x10 is trapped: KVM_IOEVENTFD");
          bar.unmap();
        });
  }

  /** {@code device} with a doorbell in BAR 2, one in its MSI-X table, and one in the I/O BAR 4. */
  private static VfioDevice withDoorbells(VfioDevice device, EventFd event) {
    List<VfioDoorbell> memory =
        List.of(
            new VfioDoorbell(0x10, 4, false, 0, event),
            new VfioDoorbell(0x1004, 4, false, 0, event));
    List<VfioDoorbell> ports = List.of(new VfioDoorbell(8, 1, true, 3, event));
    InvocationHandler handler =
        (proxy, method, arguments) ->
            method.getName().equals("doorbells")
                ? arguments[0].equals(2)
                    ? memory
                    : arguments[0].equals(4) ? ports : List.<VfioDoorbell>of()
                : method.invoke(device, arguments);
    Class<?>[] types = {VfioDevice.class};
    return (VfioDevice)
        Proxy.newProxyInstance(BarDoorbellsTest.class.getClassLoader(), types, handler);
  }

  @Test
  void shouldFollowTheFunctionThroughPowerResetAndTheEnd() {
    ModelShape shape =
        new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.EXPRESS_LENGTH)
            .bar(2, 0x8000, 0)
            .bar(4, 32, ModelShape.IO)
            .powerManagement()
            .express()
            .msix(80, 2, 0x1000, 0x3800, false);
    try (AssignBench bench = new AssignBench(shape);
        EventFd event = bench.linux.eventFd();
        KernelVfio vfio = bench.open()) {
      int fd = event.fd().number();
      Doorbell memory = new Doorbell(false, FIRST + 0x10, 4, null, fd);
      Doorbell port = new Doorbell(true, 0xc008, 1, 3L, fd);
      VfioDevice device = withDoorbells(vfio.devices().get(0), event);
      try (AssignedFunction function = bench.assign(device)) {
        assertThat(bench.kvm.doorbells()).isEmpty();
        place(function);
        assertThat(bench.kvm.doorbells()).containsExactlyInAnyOrder(memory, port);
        function.writeConfig(4, 2, 1);
        assertThat(bench.kvm.doorbells()).containsExactly(port);
        function.writeConfig(4, 2, 3);
        function.writeConfig(0x18, 4, SECOND);
        Doorbell moved = new Doorbell(false, SECOND + 0x10, 4, null, fd);
        assertThat(bench.kvm.doorbells()).containsExactlyInAnyOrder(moved, port);
        function.writeConfig(POWER_CONTROL, 2, 3);
        assertThat(bench.kvm.doorbells()).as("asleep").isEmpty();
        function.writeConfig(POWER_CONTROL, 2, 0);
        assertThat(bench.kvm.doorbells()).containsExactlyInAnyOrder(moved, port);
        function.writeConfig(EXPRESS_CONTROL, 2, 0x8000);
        assertThat(bench.kvm.doorbells()).as("the guest's reset").isEmpty();
        place(function);
        function.reset();
        assertThat(bench.kvm.doorbells()).as("the machine's reset").isEmpty();
        place(function);
        assertThat(bench.kvm.doorbells()).containsExactlyInAnyOrder(memory, port);
      }
      assertThat(bench.kvm.doorbells()).as("closed").isEmpty();
      try (AssignedFunction function =
          bench.assign(device, new AssignOptions(false, true, true, true, false, RomOption.OFF))) {
        place(function);
        assertThat(bench.kvm.doorbells()).as("all is to be trapped").isEmpty();
      }
      assertThat(bench.kvm.violations()).isEmpty();
      assertThat(bench.problems).isEmpty();
    }
  }

  private static void place(AssignedFunction function) {
    function.writeConfig(0x18, 4, FIRST);
    function.writeConfig(0x20, 4, 0xc000);
    function.writeConfig(4, 2, 3);
  }
}
