package javelin.devices.pci;

import java.util.List;
import java.util.function.IntFunction;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;

/** A root bus and what its functions need of the machine: places for BARs, and wires for pins. */
public final class PciRoot {
  private final PciBus bus = new PciBus();
  private final BarSpace bars;
  private final IntxRouter intx;

  /**
   * An empty bus.
   *
   * @param portWindows where I/O BARs may be
   * @param mmioWindows where memory BARs may be
   * @param gsi the wires to GSIs 16 to 23
   */
  public PciRoot(
      IoSpace ports,
      IoSpace mmio,
      List<AddressWindow> portWindows,
      List<AddressWindow> mmioWindows,
      IntFunction<IrqLine> gsi) {
    bars = new BarSpace(ports, mmio, portWindows, mmioWindows);
    intx = new IntxRouter(gsi);
  }

  /** Bus 0. */
  public PciBus bus() {
    return bus;
  }

  /** Where BARs are placed. */
  public BarSpace bars() {
    return bars;
  }

  /** Where interrupt pins go. */
  public IntxRouter intx() {
    return intx;
  }
}
