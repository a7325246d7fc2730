package javelin.passthrough.assigned;

import java.util.List;
import javelin.devices.pci.IntxRouter;
import javelin.devices.pci.PciAddress;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.irq.LevelInterrupt;
import javelin.vmm.linux.EventFd;
import org.agrona.CloseHelper;

/**
 * The interrupt pin of an assigned function. VFIO masks it at the device each time it fires; KVM
 * asserts the GSI and, when the guest has acknowledged, signals the eventfd that has VFIO unmask it
 * again: if the cause is still there, it fires again. No Java runs for it.
 *
 * <p>The function's lock guards it.
 */
final class AssignedIntx implements InterruptMode {
  private final VfioDevice device;
  private final GuestSide guest;
  private final int gsi;
  private LevelInterrupt line;

  /**
   * @param pin 0 for INTA to 3 for INTD
   */
  AssignedIntx(VfioDevice device, GuestSide guest, PciAddress address, int pin) {
    this.device = device;
    this.guest = guest;
    gsi = IntxRouter.gsi(address.device(), pin);
  }

  /** It is what a function has while neither MSI nor MSI-X is on. */
  @Override
  public boolean isWanted() {
    return true;
  }

  @Override
  public void on() {
    line = newLine();
    line.attach();
    device.trigger(VfioIrq.INTX, 0, List.of(line.trigger()));
    // Masked while the unmasking eventfd is put in place, so that no acknowledgement is missed.
    device.mask();
    device.unmaskBy(line.resample());
    device.unmask();
  }

  private LevelInterrupt newLine() {
    EventFd trigger = guest.linux().eventFd();
    try {
      return new LevelInterrupt(guest.vm(), trigger, guest.linux().eventFd(), gsi);
    } catch (RuntimeException e) {
      trigger.close();
      throw e;
    }
  }

  @Override
  public void off() {
    try {
      device.disable(VfioIrq.INTX);
    } finally {
      CloseHelper.close(line);
      line = null;
    }
  }

  @Override
  public void refresh() {}
}
