package javelin.passthrough.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.faults.FaultyDevice;
import javelin.passthrough.model.ModelShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A device behind a trace is the same device. */
final class TracedDeviceTest {
  private final List<String> calls = new ArrayList<>();
  private final List<String> accesses = new ArrayList<>();

  /** Neither decorator leaves a method to the interface's default. */
  @ParameterizedTest
  @ValueSource(classes = {TracedDevice.class, FaultyDevice.class})
  void shouldPassOnWhateverADeviceCanDo(Class<?> decorator) throws NoSuchMethodException {
    for (Method method : VfioDevice.class.getMethods()) {
      assertThat(decorator.getMethod(method.getName(), method.getParameterTypes()))
          .extracting(Method::getDeclaringClass)
          .as(method.getName())
          .isIn(decorator, ForwardingDevice.class);
    }
  }

  @Test
  void shouldTellOfResetsAndAccesses() {
    PciIdentity identity = new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0);
    ModelShape shape = new ModelShape(identity, ConfigSpace.PCI_LENGTH).rom(0x1000).resettable();
    try (AssignBench bench = new AssignBench(shape);
        KernelVfio vfio = bench.open()) {
      bench.vfio.bus().resettable();
      VfioDevice device = new TracedDevice(vfio.devices().get(0), calls::add, accesses::add);
      device.reset();
      assertThat(device.hotReset().isAllowed()).isTrue();
      device.resetBus();
      assertThat(calls).containsExactly("0000:01:00.0 reset", "0000:01:00.0 hot reset");
      assertThat(bench.vfio.resets()).isEqualTo(1);
      assertThat(bench.vfio.bus().resets()).isEqualTo(1);
      assertThat(device.read(VfioRegion.ROM, 0, 2)).isEqualTo(0xaa55);
      assertThat(accesses)
          .singleElement()
          .asString()
          .startsWith("0000:01:00.0 ROM read +0x0, 2: 0xaa55, ");
    }
  }
}
