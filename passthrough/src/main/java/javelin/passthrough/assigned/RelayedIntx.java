package javelin.passthrough.assigned;

import java.util.List;
import javelin.devices.pci.PciAddress;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import org.agrona.CloseHelper;

/**
 * The interrupt pin of an assigned function without KVM's help, to compare with {@link
 * AssignedIntx}: the event loop drives the line. As nobody tells of the guest's acknowledgement,
 * its next access to the device stands for it: while the line is active all accesses are trapped,
 * and the first one releases the line and unmasks the pin.
 *
 * <p>The function's lock guards switching; this object's own lock guards the line, and is taken
 * inside it.
 */
final class RelayedIntx implements InterruptMode {
  private final VfioDevice device;
  private final GuestSide guest;
  private final AssignedBars bars;
  private final IrqLine line;
  private EventFd event;
  private EventLoop.Watch watch;
  private boolean isOn;
  private volatile boolean isActive;

  /**
   * @param pin 0 for INTA to 3 for INTD
   * @param bars those of the function
   */
  RelayedIntx(VfioDevice device, GuestSide guest, PciAddress address, int pin, AssignedBars bars) {
    this.device = device;
    this.guest = guest;
    this.bars = bars;
    line = guest.pci().intx().pin(address.device(), pin);
  }

  @Override
  public boolean isWanted() {
    return true;
  }

  @Override
  public void on() {
    event = guest.linux().eventFd();
    isOn(true);
    watch = guest.loop().watch(event.fd(), EventLoop.READABLE, events -> fired(event));
    device.trigger(VfioIrq.INTX, 0, List.of(event));
  }

  private synchronized void isOn(boolean nowOn) {
    isOn = nowOn;
  }

  /** The loop may call once more after the watch has been closed, and the eventfd. */
  private synchronized void fired(EventFd from) {
    if (isOn && from.drain() > 0) {
      bars.trapped(true);
      isActive = true;
      line.set(true);
    }
  }

  /** The guest has looked at the device. */
  @Override
  public void accessed() {
    if (isActive) {
      release(true);
    }
  }

  private synchronized void release(boolean unmask) {
    if (isActive) {
      isActive = false;
      line.set(false);
      bars.trapped(false);
      if (unmask) {
        unmask();
      }
    }
  }

  private void unmask() {
    try {
      device.unmask();
    } catch (ErrnoException e) {
      guest.problems().accept(device.name() + ": " + e.getMessage());
    }
  }

  @Override
  public void off() {
    try {
      device.disable(VfioIrq.INTX);
    } finally {
      CloseHelper.close(watch);
      isOn(false);
      release(false);
      CloseHelper.close(event);
    }
  }

  @Override
  public void refresh() {}
}
