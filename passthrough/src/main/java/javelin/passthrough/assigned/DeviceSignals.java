package javelin.passthrough.assigned;

import java.util.List;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Resources;

/**
 * What VFIO has to say of a device beside its interrupts: that it has reported an error (PCI
 * Express AER), and that the host wants it back. The event loop hears of both.
 */
final class DeviceSignals implements AutoCloseable {
  private final VfioDevice device;
  private final GuestSide guest;
  private final Resources owned = new Resources();
  private boolean isWantedBack;

  /** Listens for those of the two that the device has. */
  DeviceSignals(VfioDevice device, GuestSide guest) {
    this.device = device;
    this.guest = guest;
    try {
      listen(VfioIrq.ERROR, this::error);
      listen(VfioIrq.REQUEST, this::wantedBack);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private void listen(int irq, Runnable handler) {
    if (!device.irq(irq).isPresent()) {
      return;
    }
    EventFd event = owned.own(guest.linux().eventFd());
    owned.own(
        guest
            .loop()
            .watch(
                event.fd(),
                EventLoop.READABLE,
                events -> {
                  if (event.drain() > 0) {
                    handler.run();
                  }
                }));
    device.trigger(irq, 0, List.of(event));
    owned.own((AutoCloseable) () -> device.disable(irq));
  }

  private void error() {
    guest
        .problems()
        .accept(
            device.name()
                + " has reported an error; what the guest reads of it from now on may be wrong");
  }

  /** The kernel asks again and again; once is enough. */
  private void wantedBack() {
    if (!isWantedBack) {
      isWantedBack = true;
      guest.wantedBack().accept(device.name());
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
