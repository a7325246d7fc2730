package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciRoot;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.MsixModel;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.kvm.KvmSystem;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest's masking of an MSI-X vector costs, on /dev/kvm. */
@Tag("kvm")
@Timeout(60)
final class MaskAllocationTest {
  private static final long REGISTERS = 0xc000_0000L;
  private static final int VECTOR = 70;
  private static final long ENTRY = REGISTERS + 0x1000 + VECTOR * 16L;
  private static final int MSIX_CONTROL = 0x48 + 2;
  private static final int WARM_UP = 500;
  private static final int PAIRS = 1_000;

  private final Resources owned = new Resources();
  private final List<String> problems = new ArrayList<>();
  private final IoSpace mmio = IoSpace.mmio();

  @BeforeAll
  static void requireKvm() {
    KvmAvailable.assumeKvm();
  }

  @Test
  void shouldAllocateNothingWhenTheGuestMasksAndUnmasksAVector() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (owned) {
      AssignedFunction function = assign();
      function.writeConfig(0x18, 4, REGISTERS);
      function.writeConfig(4, 2, 6);
      mmio.write(ENTRY, 8, 0xfee0_0000L);
      mmio.write(ENTRY + 8, 8, 0x40);
      function.writeConfig(MSIX_CONTROL, 2, 0x8000);
      maskAndUnmask(WARM_UP);
      long before = threads.getCurrentThreadAllocatedBytes();
      maskAndUnmask(PAIRS);
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(PAIRS);
      assertThat(mmio.read(ENTRY + 12, 4)).isZero();
      assertThat(problems).isEmpty();
    }
  }

  private void maskAndUnmask(int times) {
    for (int i = 0; i < times; i++) {
      mmio.write(ENTRY + 12, 4, 1);
      mmio.write(ENTRY + 12, 4, 0);
    }
  }

  private AssignedFunction assign() {
    Linux linux = Linux.system();
    KvmSystem system = owned.own(KvmSystem.open(linux, KvmSystem.DEVICE));
    KvmVm vm = owned.own(system.createVm());
    vm.createIrqchip();
    EventLoop loop = owned.own(new EventLoop(linux, "bench"));
    PciRoot pci =
        new PciRoot(
            IoSpace.ports(),
            mmio,
            List.of(AssignBench.PORTS),
            List.of(AssignBench.LOW, AssignBench.HIGH),
            gsi -> isActive -> {});
    GuestSide guest =
        new GuestSide(
            linux,
            vm,
            new GsiRoutes(vm),
            new KvmMemorySlots(vm),
            pci,
            loop,
            problems::add,
            problems::add);
    ModelDevice device =
        owned.own(
            new ModelDevice(
                linux,
                "0000:01:00.0",
                new MsixModel(false),
                loop,
                BusMemory.of(new GuestMemory())));
    return owned.own(
        new AssignedFunction(device, guest, new PciAddress(0, 3, 0), AssignOptions.DEFAULT));
  }
}
