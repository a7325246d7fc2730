package javelin.passthrough.assigned;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.linux.ErrnoException;

/**
 * The interrupts of an assigned function: which of the three ways is on follows from what the guest
 * has programmed, MSI-X before MSI before the pin.
 *
 * <p>The function's lock guards it.
 */
final class AssignedInterrupts {
  private static final int PINS = 4;

  private final String name;
  private final GuestSide guest;
  private final Object lock;

  /** By precedence. */
  private final InterruptMode[] modes;

  private InterruptMode current;

  /**
   * The ways that the device has; none is on.
   *
   * @param address the function's place on the guest's bus
   * @param bars where a relayed pin catches the guest's answer
   * @param lock the function's
   */
  AssignedInterrupts(
      VfioDevice device,
      GuestSide guest,
      AssignOptions options,
      AssignedConfig config,
      PciAddress address,
      AssignedBars bars,
      Object lock) {
    name = device.name();
    this.guest = guest;
    this.lock = lock;
    List<InterruptMode> found = new ArrayList<>();
    AssignedMsix.find(device, config)
        .ifPresent(at -> found.add(new AssignedMsix(device, guest, options, config, at)));
    AssignedMsi.find(device, config)
        .ifPresent(at -> found.add(new AssignedMsi(device, guest, options, config, at)));
    int pin = (int) device.read(VfioRegion.CONFIG, PciRegisters.INTERRUPT_PIN, 1);
    if (pin >= 1 && pin <= PINS && device.irq(VfioIrq.INTX).isPresent()) {
      found.add(
          options.resample()
              ? new AssignedIntx(device, guest, address, pin - 1)
              : new RelayedIntx(device, guest, address, pin - 1, bars));
    }
    modes = found.toArray(new InterruptMode[0]);
  }

  /** Switches to the way that is wanted now, or has the present one follow its registers. */
  void reconcile() {
    InterruptMode wanted = wanted();
    try {
      if (wanted == current) {
        if (current != null) {
          current.refresh();
        }
        return;
      }
      off();
      if (wanted != null) {
        current = wanted;
        wanted.on();
      }
    } catch (ErrnoException e) {
      fail(e);
    }
  }

  private InterruptMode wanted() {
    for (InterruptMode mode : modes) {
      if (mode.isWanted()) {
        return mode;
      }
    }
    return null;
  }

  /** Switches all off, until the guest programs them anew. */
  private void fail(ErrnoException cause) {
    tell("its interrupts are off: " + cause.getMessage());
    off();
  }

  private void tell(String problem) {
    guest.problems().accept(name + ": " + problem);
  }

  /** Switches off what is on. */
  void off() {
    InterruptMode old = current;
    current = null;
    if (old == null) {
      return;
    }
    try {
      old.off();
    } catch (ErrnoException e) {
      tell(e.getMessage());
    }
  }

  /** Returns registers outside of the configuration space to power-on. */
  void reset() {
    for (InterruptMode mode : modes) {
      mode.reset();
    }
  }

  /** Brings pending bits up to date, before the guest reads the configuration space. */
  void refreshPending() {
    try {
      for (InterruptMode mode : modes) {
        mode.refreshPending();
      }
    } catch (ErrnoException e) {
      tell(e.getMessage());
    }
  }

  /** Told after each trapped access to the device's own registers; needs no lock. */
  void accessed() {
    for (InterruptMode mode : modes) {
      mode.accessed();
    }
  }

  /** The registers in a BAR that are Javelin's; their handlers take the function's lock. */
  List<BarPart> parts(int bar) {
    List<BarPart> parts = new ArrayList<>();
    for (InterruptMode mode : modes) {
      mode.parts(bar)
          .forEach(part -> parts.add(new BarPart(part.area(), new Guarded(part.handler()))));
    }
    return parts;
  }

  /** What the host refuses here is told, and never stops a vCPU. */
  private final class Guarded implements IoHandler {
    private final IoHandler registers;

    Guarded(IoHandler registers) {
      this.registers = registers;
    }

    @Override
    public long read(long offset, int size) {
      synchronized (lock) {
        try {
          return registers.read(offset, size);
        } catch (ErrnoException e) {
          tell(e.getMessage());
          return 0;
        }
      }
    }

    @Override
    public void write(long offset, int size, long value) {
      synchronized (lock) {
        try {
          registers.write(offset, size, value);
        } catch (ErrnoException e) {
          fail(e);
        }
      }
    }
  }
}
