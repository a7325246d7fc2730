package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The kernel refuses each call of an assigned device's life once, one after the other: the guest
 * sees no exception, and nothing is left open.
 */
final class RefusalTest {
  private static final PciIdentity IDENTITY = new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0);
  private static final int TABLE_BAR = 2;
  private static final int VECTORS = 6;
  private static final long BAR_A = 0xc000_0000L;
  private static final long BAR_B = 0xc010_0000L;
  private static final long TABLE = 0x1000;
  private static final long PENDING = 0x1800;

  /** Interrupts go through the event loop. */
  private static final AssignOptions RELAYED =
      new AssignOptions(true, false, false, true, false, RomOption.OFF);

  private static ModelShape shape(boolean isFixed) {
    return new ModelShape(IDENTITY, ConfigSpace.EXPRESS_LENGTH)
        .mappedBar(0, 0x10_0000, ModelShape.MEMORY_64 | ModelShape.PREFETCHABLE)
        .bar(TABLE_BAR, 0x4000, 0, List.of(new VfioRegion.Area(0, 0x4000)))
        .bar(4, 32, ModelShape.IO)
        .pin()
        .powerManagement()
        .msi(4, true, true)
        .msix(VECTORS, TABLE_BAR, (int) TABLE, (int) PENDING, isFixed)
        .express();
  }

  /** Where {@link #shape} has its capabilities: each behind the one before, from 0x40. */
  private static final int POWER = 0x40;

  private static final int MSI = 0x48;
  private static final int MSIX = 0x60;
  private static final int EXPRESS = 0x6c;

  /** KVM_SET_GSI_ROUTING: where it is refused, KVM keeps a route that no irqfd has any more. */
  private static final String SET_ROUTES = " 1074310762,";

  /** One life of a device, with a guest that uses all of it. */
  private static void live(AssignBench bench, AssignOptions options) {
    try (KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0), options)) {
      try {
        fire(bench, options);
        useBars(bench, function);
        fire(bench, options);
        useMsix(bench, function, options);
        useMsi(bench, function, options);
        useMsix(bench, function, options);
        function.writeConfig(EXPRESS + 8, 2, 0x8000);
        useMsix(bench, function, options);
        function.reset();
        useBars(bench, function);
        fire(bench, options);
      } catch (RuntimeException e) {
        fail("the guest saw an exception", e);
      }
    } catch (VfioException | ErrnoException e) {
      assertThat(e)
          .as("says what failed")
          .hasMessageMatching("(?s).*(EIO|ENOMEM|not possible|API|TYPE1|no way to reset).*");
    }
  }

  /** Where interrupts are relayed, all that are on fire. */
  private static void fire(AssignBench bench, AssignOptions options) {
    if (!options.irqfd()) {
      Arrays.stream(bench.vfio.triggers()).forEach(bench::fire);
      bench.settle();
    }
  }

  private static void useBars(AssignBench bench, AssignedFunction function) {
    function.writeConfig(0x10, 4, BAR_A);
    function.writeConfig(0x14, 4, 0x100);
    function.writeConfig(0x18, 4, BAR_B);
    function.writeConfig(0x20, 4, 0xc000);
    function.writeConfig(4, 2, 7);
    bench.mmio.read(BAR_B, 4);
    bench.ports.write(0xc000, 4, 1);
    function.writeConfig(0x18, 4, BAR_A);
    function.writeConfig(0x14, 4, 0);
    function.writeConfig(0x18, 4, BAR_B);
    function.writeConfig(POWER + 4, 2, 3);
    function.writeConfig(POWER + 4, 2, 0);
    function.readConfig(4, 4);
  }

  private static void useMsix(AssignBench bench, AssignedFunction function, AssignOptions options) {
    function.writeConfig(4, 2, 6);
    vector(bench, 0, 0);
    vector(bench, 1, 1);
    function.writeConfig(MSIX + 2, 2, 0x8000);
    vector(bench, 1, 0);
    vector(bench, 4, 0);
    fire(bench, options);
    vector(bench, 1, 1);
    fire(bench, options);
    bench.mmio.read(BAR_B + PENDING, 8);
    vector(bench, 1, 0);
    vector(bench, VECTORS - 1, 0);
    fire(bench, options);
    function.writeConfig(MSIX + 2, 2, 0xc000);
    bench.mmio.read(BAR_B + PENDING, 8);
    function.writeConfig(MSIX, 4, 0x8000_0000L);
    function.writeConfig(MSIX + 2, 2, 0);
  }

  private static void vector(AssignBench bench, int vector, int control) {
    long entry = BAR_B + TABLE + vector * 16L;
    bench.mmio.write(entry, 8, 0xfee0_0000L);
    bench.mmio.write(entry + 8, 4, 0x40 + vector);
    bench.mmio.write(entry + 12, 4, control);
    bench.settle();
  }

  private static void useMsi(AssignBench bench, AssignedFunction function, AssignOptions options) {
    function.writeConfig(MSI + 4, 4, 0xfee0_0000L);
    function.writeConfig(MSI + 12, 2, 0x40);
    function.writeConfig(MSI + 2, 2, 0x21);
    fire(bench, options);
    function.writeConfig(MSI + 16, 4, 0x3);
    fire(bench, options);
    function.readConfig(MSI + 20, 4);
    function.writeConfig(MSI + 16, 4, 0);
    bench.settle();
    function.writeConfig(MSI + 12, 2, 0x50);
    function.writeConfig(MSI + 2, 2, 0);
  }

  @ParameterizedTest
  @CsvSource({
    "ioctl, EIO",
    "ioctl, ENOMEM",
    "open, EIO",
    "mmap, ENOMEM",
    "eventfd, ENOMEM",
    "read, EIO",
    "write, EIO",
    "pread, EIO",
    "pwrite, EIO"
  })
  void shouldLeaveNothingWhenTheKernelRefusesOneCall(String call, Errno errno) {
    for (boolean isFixed : new boolean[] {true, false}) {
      refuseEach(call, errno, () -> shape(isFixed), AssignOptions.DEFAULT);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLeaveNothingWhenTheKernelRefusesOneCallOfARelayedLife(boolean isFixed) {
    refuseEach("ioctl", Errno.EIO, () -> shape(isFixed), RELAYED);
  }

  /** A device that resets with its bus only, and tells of errors. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldLeaveNothingWhenTheKernelRefusesOneCallOfALifeWithBusResets(boolean isRelayed) {
    refuseEach(
        "ioctl",
        Errno.EIO,
        () -> new ModelShape(IDENTITY, ConfigSpace.PCI_LENGTH).bar(0, 0x1000, 0).pin().signals(),
        isRelayed ? RELAYED : AssignOptions.DEFAULT);
  }

  private static void refuseEach(
      String call, Errno errno, Supplier<ModelShape> shape, AssignOptions options) {
    int calls = refuse(call, 0, errno, shape.get(), options);
    for (int i = 1; i <= calls; i++) {
      refuse(call, i, errno, shape.get(), options);
    }
  }

  /** A life at whose {@code occurrence}-th call the kernel refuses; returns the number of calls. */
  private static int refuse(
      String call, int occurrence, Errno errno, ModelShape shape, AssignOptions options) {
    boolean hasLoop = !options.irqfd() || shape.irq(VfioIrq.ERROR).isPresent();
    try (AssignBench bench = new AssignBench(shape, hasLoop)) {
      bench.vfio.bus().resettable();
      int before = bench.syscalls.calls(call).size();
      long events = eventFds(bench);
      if (occurrence > 0) {
        bench.syscalls.fail(call, occurrence, errno);
      }
      live(bench, options);
      List<String> calls = bench.syscalls.calls(call);
      String what =
          occurrence == 0 ? "nothing refused" : "refused: " + calls.get(before + occurrence - 1);
      if (occurrence == 0) {
        assertThat(bench.problems).isEmpty();
        assertThat(bench.vfio.violations()).isEmpty();
        assertThat(bench.kvm.violations()).isEmpty();
        assertThat(bench.kvm.irqfds()).isEmpty();
        assertThat(bench.kvm.slots()).isEmpty();
        boolean isRelayed = !options.irqfd() && shape.irq(VfioIrq.MSIX).isPresent();
        assertThat(!bench.kvm.relayed().isEmpty()).as("messages are relayed").isEqualTo(isRelayed);
      }
      if (!what.contains(SET_ROUTES)) {
        assertThat(bench.kvm.routes()).as(what).isEmpty();
      }
      assertThat(bench.routes.allocate()).as(what).isEqualTo(GsiRoutes.IOAPIC_PINS);
      assertThat(bench.mmio.ranges()).as(what).isEmpty();
      assertThat(bench.ports.ranges()).as(what).isEmpty();
      assertThat(eventFds(bench)).as(what).isEqualTo(events);
      return calls.size() - before;
    }
  }

  /** An event loop has one of its own. */
  private static long eventFds(AssignBench bench) {
    return bench.syscalls.openFds().stream().filter(fd -> fd.contains("event")).count();
  }
}
