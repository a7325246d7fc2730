package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.Test;

/** How often Java is woken for an interrupt: never, unless it is asked to relay them. */
final class WakeUpTest {
  private static final int INTERRUPTS = 100;
  private static final int VECTORS = 3;
  private static final long BAR = 0xc000_0000L;

  /** Where {@link #shape} has its capabilities, each behind the one before. */
  private static final int MSI = 0x40;

  private static final int MSIX = 0x50;

  private static final AssignOptions RELAYED =
      new AssignOptions(true, false, true, true, false, RomOption.OFF);

  private interface Enable {
    void run(AssignBench bench, AssignedFunction function);
  }

  private static ModelShape shape() {
    PciIdentity identity = new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0);
    return new ModelShape(identity, ConfigSpace.EXPRESS_LENGTH)
        .bar(0, 0x2000, 0)
        .msi()
        .msix(VECTORS, 0, 0, 0x1000, false)
        .resettable();
  }

  private static void msi(AssignBench bench, AssignedFunction function) {
    function.writeConfig(MSI + 4, 4, 0xfee0_0000L);
    function.writeConfig(MSI + 12, 2, 0x40);
    function.writeConfig(MSI + 2, 2, 1);
  }

  private static void msix(AssignBench bench, AssignedFunction function) {
    function.writeConfig(0x10, 4, BAR);
    function.writeConfig(4, 2, 6);
    for (int i = 0; i < VECTORS; i++) {
      bench.mmio.write(BAR + i * 16L, 8, 0xfee0_0000L);
      bench.mmio.write(BAR + i * 16L + 8, 8, 0x40 + i);
    }
    function.writeConfig(MSIX + 2, 2, 0x8000);
  }

  /**
   * Has each vector interrupt, and requires that the guest gets each one, at {@code wakeUps}
   * wake-ups of the event loop each.
   */
  private static void requireWakeUps(AssignOptions options, int wakeUps, Enable enable) {
    try (AssignBench bench = new AssignBench(shape(), true);
        KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0), options)) {
      enable.run(bench, function);
      bench.settle();
      int[] vectors = bench.vfio.triggers();
      long before = bench.wakeUps();
      for (int i = 0; i < INTERRUPTS; i++) {
        int vector = i % vectors.length;
        Msi message = new Msi(0xfee0_0000L, 0x40 + vector);
        bench.fire(vectors[vector]);
        if (wakeUps == 0) {
          assertThat(bench.kvm.deliver()).containsExactly(message);
        }
        bench.settle();
        if (wakeUps > 0) {
          List<Msi> relayed = bench.kvm.relayed();
          assertThat(relayed).hasSize(i + 1).endsWith(message);
          assertThat(bench.kvm.deliver()).isEmpty();
        }
      }
      assertThat(vectors)
          .as("no silent vector")
          .matches(all -> Arrays.stream(all).allMatch(fd -> fd > 0));
      assertThat(bench.wakeUps() - before).isEqualTo((long) wakeUps * INTERRUPTS);
      assertThat(bench.kvm.relayed()).hasSize(wakeUps * INTERRUPTS);
      assertThat(bench.problems).isEmpty();
    }
  }

  @Test
  void shouldNotWakeJavaForMsi() {
    requireWakeUps(AssignOptions.DEFAULT, 0, WakeUpTest::msi);
  }

  @Test
  void shouldNotWakeJavaForMsix() {
    requireWakeUps(AssignOptions.DEFAULT, 0, WakeUpTest::msix);
  }

  @Test
  void shouldWakeJavaOnceForEachMsiThatItRelays() {
    requireWakeUps(RELAYED, 1, WakeUpTest::msi);
  }

  @Test
  void shouldWakeJavaOnceForEachMsixThatItRelays() {
    requireWakeUps(RELAYED, 1, WakeUpTest::msix);
  }
}
