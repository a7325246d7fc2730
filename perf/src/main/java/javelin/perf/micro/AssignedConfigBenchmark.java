package javelin.perf.micro;

import java.util.List;
import javelin.devices.pci.AddressWindow;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciRoot;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.assigned.AssignedFunction;
import javelin.passthrough.assigned.GuestSide;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.MsixModel;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.memory.GuestMemory;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/**
 * The configuration space of an assigned function, whose device is a model in this process: what
 * Javelin does for an access besides the pread or pwrite that VFIO takes.
 */
public class AssignedConfigBenchmark extends MicroBenchmark {
  private static final int IDENTITY = 0;
  private static final int COMMAND = 4;
  private static final int BAR = 0x18;
  private static final int INTERRUPT_LINE = 0x3c;
  private static final int MSIX_CONTROL = 0x48 + 2;
  private static final int MSIX_ENABLE = 0x8000;
  private static final int MSIX_ENABLE_MASKED = 0xc000;
  private static final long REGISTERS = 0xc000_0000L;
  private static final AddressWindow PORTS = new AddressWindow(0xc000, 0x1000);
  private static final AddressWindow LOW = new AddressWindow(REGISTERS, 0x3000_0000L);
  private static final AddressWindow HIGH = new AddressWindow(1L << 40, 1L << 40);

  private DryVm kvm;
  private EventLoop loop;
  private ModelDevice device;
  private AssignedFunction function;

  /** Assigns the device and places its registers. */
  @Setup
  public void assign() {
    kvm = new DryVm();
    loop = new EventLoop(kvm.linux(), "config benchmark");
    PciRoot pci =
        new PciRoot(
            IoSpace.ports(),
            IoSpace.mmio(),
            List.of(PORTS),
            List.of(LOW, HIGH),
            gsi -> isActive -> {});
    GuestSide guest =
        new GuestSide(
            kvm.linux(),
            kvm.vm(),
            new GsiRoutes(kvm.vm()),
            new KvmMemorySlots(kvm.vm()),
            pci,
            loop,
            AssignedConfigBenchmark::refuse,
            AssignedConfigBenchmark::refuse);
    device =
        new ModelDevice(
            kvm.linux(),
            "0000:01:00.0",
            new MsixModel(false),
            loop,
            BusMemory.of(new GuestMemory()));
    function = new AssignedFunction(device, guest, new PciAddress(0, 3, 0), AssignOptions.DEFAULT);
    function.writeConfig(BAR, Integer.BYTES, REGISTERS);
    function.writeConfig(COMMAND, Short.BYTES, 6);
    function.writeConfig(MSIX_CONTROL, Short.BYTES, MSIX_ENABLE);
  }

  private static void refuse(String problem) {
    throw new IllegalStateException(problem);
  }

  /** Takes it back. */
  @TearDown
  public void stop() {
    function.close();
    device.close();
    loop.close();
    kvm.close();
  }

  /** A register that is the device's. */
  @Benchmark
  public long readOfDevice() {
    return function.readConfig(IDENTITY, Integer.BYTES);
  }

  /** A register that is Javelin's. */
  @Benchmark
  public long readOfShadow() {
    return function.readConfig(BAR, Integer.BYTES);
  }

  /** A register without effect. */
  @Benchmark
  public void write() {
    function.writeConfig(INTERRUPT_LINE, 1, 11);
  }

  /** All vectors masked and unmasked again, one of which is in use. */
  @Benchmark
  public void maskFunction() {
    function.writeConfig(MSIX_CONTROL, Short.BYTES, MSIX_ENABLE_MASKED);
    function.writeConfig(MSIX_CONTROL, Short.BYTES, MSIX_ENABLE);
  }
}
