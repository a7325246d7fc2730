package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.passthrough.binding.Steps.Killed;
import javelin.passthrough.binding.Steps.Moment;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostInventory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Devices that have a variant of vfio-pci of their own. */
class VariantDriverTest {
  private static final String MODALIAS = "pci:v000015B3d0000101Esv000015B3sd00000058bc02sc00i00";

  @TempDir Path root;
  @TempDir Path run;
  private SimulatedKernel kernel;
  private HostAddress nic;
  private List<String> before;
  private SimulatedProcess process;
  private int pid = 100;

  @BeforeEach
  void makeHost() {
    kernel = new SimulatedKernel(root).driver("mlx5_core", "15b3:101e").driver("vfio-pci");
    kernel
        .variant("vfio_pci", "vfio-pci", "v*d*sv*sd*bc*sc*i*")
        .variant("other_vfio_pci", "other_vfio_pci", "v000015B3d0000101Fsv*sd*bc*sc*i*")
        .variant("mlx5_vfio_pci", "mlx5-vfio-pci", "v000015B3d0000101Esv*sd*bc*sc*i*");
    nic = kernel.device("0000:00:07.0", "15b3:101e", "5", "eth0");
    kernel.file(nic.sysfs() + "/modalias", MODALIAS);
    before = kernel.state();
    process = newProcess();
  }

  private SimulatedProcess newProcess() {
    return new SimulatedProcess(kernel, run, pid++);
  }

  @AfterEach
  void endProcess() {
    process.close();
  }

  private String driver() {
    return new DeviceFiles(kernel.files(), nic).driver();
  }

  private void assertAllIsAsBefore() {
    assertThat(kernel.state()).isEqualTo(before);
    assertThat(run).isDirectoryNotContaining("glob:**.json");
  }

  @Test
  void shouldFindTheModuleWithTheClosestAlias() {
    assertThat(VariantDriver.of(kernel.files(), nic)).contains(new VariantDriver("mlx5_vfio_pci"));
    kernel.variant("any_vfio_pci", "any_vfio_pci", "v000015B3d*sv*sd*bc*sc*i*");
    assertThat(VariantDriver.of(kernel.files(), nic)).contains(new VariantDriver("mlx5_vfio_pci"));
    kernel.variant("board_vfio_pci", "x", "v000015B3d0000101Esv000015B3sd00000058bc*sc*i*");
    assertThat(VariantDriver.of(kernel.files(), nic)).contains(new VariantDriver("board_vfio_pci"));
  }

  @Test
  void shouldFindNoneForADeviceThatNoAliasNames() {
    for (String modalias : List.of("pci:v00008086d000010D3sv0sd0bc02sc00i00", "usb:v1", "")) {
      kernel.file(nic.sysfs() + "/modalias", modalias);
      assertThat(VariantDriver.of(kernel.files(), nic)).as(modalias).isEmpty();
    }
  }

  @Test
  void shouldNameTheDriverThatTheModuleBrings() {
    VariantDriver variant = new VariantDriver("mlx5_vfio_pci");
    assertThat(variant.name(kernel.files())).isEmpty();
    kernel.run(List.of("modprobe", "mlx5_vfio_pci"));
    assertThat(variant.name(kernel.files())).isEqualTo(Optional.of("mlx5-vfio-pci"));
  }

  @Test
  void shouldTakeWithTheVariantAndGiveBack() {
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(nic), false)) {
      assertThat(held.addresses()).containsExactly(nic);
      assertThat(driver()).isEqualTo("mlx5-vfio-pci");
    }
    assertThat(process.steps.taken())
        .containsExactly(
            "journal 0000:00:07.0 TAKING",
            "modprobe mlx5_vfio_pci",
            "devices/0000:00:07.0/driver_override = mlx5-vfio-pci",
            "devices/0000:00:07.0/driver/unbind = 0000:00:07.0",
            "drivers_probe = 0000:00:07.0",
            "journal 0000:00:07.0 HELD",
            "journal 0000:00:07.0 GIVING_BACK",
            "devices/0000:00:07.0/driver_override = ",
            "devices/0000:00:07.0/driver/unbind = 0000:00:07.0",
            "drivers_probe = 0000:00:07.0",
            "devices/0000:00:07.0/power/control = on",
            "journal 0000:00:07.0 deleted");
    assertThat(process.notes).containsExactly("0000:00:07.0: given back to mlx5_core");
    assertAllIsAsBefore();
  }

  @Test
  void shouldWriteToSysfsWhatThePlanSays() {
    kernel.run(List.of("modprobe", "mlx5_vfio_pci"));
    TakePlan plan = TakePlan.of(kernel.files(), HostInventory.read(kernel.files()).device(nic));
    HeldDevices.take(process.host(), List.of(nic), false).close();
    List<String> planned =
        Stream.concat(plan.take().stream(), plan.giveBack().stream())
            .filter(step -> !step.value().isEmpty())
            .map(step -> step.file().replace("/sys/bus/pci/", "") + " = " + step.value().strip())
            .toList();
    assertThat(process.steps.taken())
        .filteredOn(step -> step.contains("driver"))
        .isEqualTo(planned)
        .hasSize(6);
  }

  @Test
  void shouldSayInThePlanThatTheVariantIsLoaded() {
    TakePlan plan = TakePlan.of(kernel.files(), HostInventory.read(kernel.files()).device(nic));
    assertThat(plan.take())
        .extracting(TakeStep::words)
        .startsWith("load its own driver of VFIO: modprobe mlx5_vfio_pci")
        .contains("let only mlx5_vfio_pci bind to it", "have mlx5_vfio_pci bind to it");
    assertThat(plan.giveBack()).extracting(TakeStep::words).contains("unbind mlx5_vfio_pci");
  }

  @Test
  void shouldFallBackToVfioPciWhenTheModuleIsNotThere() {
    kernel.withoutModule("mlx5_vfio_pci");
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(nic), false)) {
      assertThat(held.addresses()).hasSize(1);
      assertThat(driver()).isEqualTo("vfio-pci");
    }
    assertThat(process.notes.get(0))
        .isEqualTo(
            "0000:00:07.0: its own driver of VFIO is in mlx5_vfio_pci, and modprobe of that ended"
                + " with 1: FATAL: Module mlx5_vfio_pci not found; vfio-pci takes it instead");
    assertAllIsAsBefore();
  }

  @Test
  void shouldFallBackToVfioPciWhenTheVariantRefuses() {
    kernel.refuses("mlx5-vfio-pci", nic);
    try (HeldDevices held = HeldDevices.take(process.host(), List.of(nic), false)) {
      assertThat(held.addresses()).hasSize(1);
      assertThat(driver()).isEqualTo("vfio-pci");
    }
    assertThat(process.notes.get(0))
        .isEqualTo(
            "0000:00:07.0: mlx5-vfio-pci has not taken it; the kernel's log (dmesg) says why;"
                + " vfio-pci takes it instead");
    assertAllIsAsBefore();
  }

  @Test
  void shouldLeaveADeviceWithTheDriverOfVfioThatHasIt() {
    kernel.write(nic.sysfs() + "/driver/unbind", nic.toString());
    kernel.write("/sys/bus/pci/drivers/vfio-pci/bind", nic.toString());
    before = kernel.state();
    HeldDevices.take(process.host(), List.of(nic), false).close();
    assertThat(process.steps.taken()).noneMatch(step -> step.contains("unbind"));
    assertAllIsAsBefore();
  }

  @ParameterizedTest
  @EnumSource(Moment.class)
  void shouldRestoreTheHostWhenKilledAtAnyStep(Moment moment) {
    kernel.refuses("mlx5-vfio-pci", nic);
    boolean isComplete = false;
    for (int step = 1; !isComplete; step++) {
      try (SimulatedProcess victim = newProcess()) {
        victim.steps.killAt(step, moment);
        HeldDevices.take(victim.host(), List.of(nic), false).close();
        isComplete = true;
      } catch (Killed e) {
        assertThat(e).isNotNull();
      }
      try (SimulatedProcess later = newProcess()) {
        assertThat(Recovery.run(later.host()).problems()).as("killed at %d", step).isEmpty();
      }
      assertAllIsAsBefore();
      assertThat(step).isLessThan(30);
    }
  }
}
