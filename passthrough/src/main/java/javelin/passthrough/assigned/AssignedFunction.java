package javelin.passthrough.assigned;

import javelin.devices.pci.BarSet;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciFunction;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Resources;

/**
 * An assigned device as a function on the guest's bus.
 *
 * <p>Its configuration space is the device's with Javelin's parts laid over it; memory BARs are
 * mapped where they can be and trapped elsewhere; interrupts go from VFIO to KVM. What goes wrong
 * with the device while the guest runs is reported, and never stops a vCPU.
 *
 * <p>Threads: any vCPU's. Its lock guards the configuration space and the interrupts; trapped
 * accesses to the device's own registers take none. Order of locks: this, {@code BarSpace}, {@link
 * AssignedBar}.
 */
public final class AssignedFunction implements PciFunction, AutoCloseable {
  private final VfioDevice device;
  private final GuestSide guest;
  private final FunctionReset reset;
  private final AssignedConfig config;
  private final AssignedBars bars;
  private final AssignedInterrupts interrupts;
  private final PowerState power;
  private final GuestReset guestReset;
  private final Resources owned = new Resources();
  private boolean isGone;

  /**
   * A function at {@code address} of the guest's bus 0, at power-on; the caller puts it there.
   *
   * @param device stays the caller's, and open for longer than this
   * @throws VfioException where the device cannot be assigned
   */
  public AssignedFunction(
      VfioDevice device, GuestSide guest, PciAddress address, AssignOptions options) {
    this.device = device;
    this.guest = guest;
    reset = new FunctionReset(device, guest.problems());
    reset.beforeGuest(options.allowNoReset());
    config = new AssignedConfig(device);
    power = new PowerState(config);
    guestReset = new GuestReset(config);
    bars = new AssignedBars(device, guest, options, config.shadow());
    interrupts = new AssignedInterrupts(device, guest, options, config, address, bars, this);
    try {
      owned.own(new DeviceSignals(device, guest));
      owned.own(bars).add(interrupts);
      config.shadow().setPowerOn();
      interrupts.reconcile();
      device.whenGone(() -> guest.loop().execute(this::gone));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  /** What is mapped would stay as it was; trapped, it reads as the rest of the device does. */
  private synchronized void gone() {
    isGone = true;
    bars.reachable(false);
  }

  private void followPower() {
    bars.reachable(!isGone && power.isAwake());
  }

  /** Does what a guest's access leads to; what the host refuses is reported. */
  private synchronized void guarded(Runnable work) {
    try {
      work.run();
    } catch (ErrnoException e) {
      guest.problems().accept(device.name() + ": " + e.getMessage());
    }
  }

  @Override
  public synchronized long readConfig(int offset, int size) {
    interrupts.refreshPending();
    return config.read(offset, size);
  }

  @Override
  public void writeConfig(int offset, int size, long value) {
    guarded(
        () -> {
          // Another vCPU that met a mapping of what no longer answers would leave KVM_RUN by
          // EFAULT.
          boolean silences = silences(offset, size, value);
          if (silences) {
            bars.reachable(false);
          }
          config.write(offset, size, value);
          configWritten(offset, size, value);
          if (silences) {
            followPower();
          }
        });
  }

  /** Whether memory BARs may not answer from the write on. */
  private boolean silences(int offset, int size, long value) {
    boolean endsDecoding =
        AssignedConfig.touches(offset, size, PciRegisters.COMMAND)
            && (value >>> ((PciRegisters.COMMAND - offset) * Byte.SIZE)
                    & PciRegisters.COMMAND_MEMORY)
                == 0;
    return endsDecoding
        || power.isSleepOrdered(offset, size, value)
        || guestReset.isStartedBy(offset, size, value);
  }

  private void configWritten(int offset, int size, long value) {
    if (AssignedConfig.touches(offset, size, PciRegisters.COMMAND) || BarSet.covers(offset)) {
      placeBars();
    }
    if (power.isChangedBy(offset, size)) {
      followPower();
    }
    if (guestReset.isStartedBy(offset, size, value)) {
      // What the kernel has restored of it goes, too.
      toPowerOn();
      interrupts.reconcile();
    } else if (offset >= PciRegisters.HEADER_LENGTH) {
      interrupts.reconcile();
    }
  }

  /** BARs follow the command register, which is the device's. */
  private void placeBars() {
    config.shadow().set(PciRegisters.COMMAND, 2, config.deviceRead(PciRegisters.COMMAND, 2));
    bars.place();
  }

  private void toPowerOn() {
    bars.reachable(false);
    config.deviceWrite(PciRegisters.COMMAND, 2, 0);
    config.shadow().reset();
    interrupts.reset();
    placeBars();
    followPower();
  }

  /** Returns the device to power-on, for a guest that starts again. */
  @Override
  public void reset() {
    guarded(
        () -> {
          interrupts.off();
          power.wakeUp();
          toPowerOn();
          reset.run();
          interrupts.reconcile();
        });
  }

  /** Takes the device out of the guest, silent and reset; the caller closes it. */
  @Override
  public synchronized void close() {
    try {
      interrupts.off();
      owned.close();
    } finally {
      config.deviceWrite(PciRegisters.COMMAND, 2, 0);
      reset.run();
    }
  }
}
