package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import javelin.devices.console.SerialBackend;
import javelin.devices.legacy.AcpiPm;
import javelin.devices.legacy.CmosRtc;
import javelin.devices.legacy.DebugExit;
import javelin.devices.legacy.DeviceClock;
import javelin.devices.legacy.I8042;
import javelin.devices.legacy.PcTestDevice;
import javelin.devices.legacy.PostPort;
import javelin.devices.legacy.ResetControl;
import javelin.devices.legacy.SerialPort;
import javelin.devices.legacy.SystemControlPort;
import javelin.devices.pci.PciBus;
import javelin.devices.pci.PciHost;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.linux.Resources;
import javelin.vmm.machine.PowerControl;
import javelin.vmm.machine.Resettable;
import javelin.vmm.memory.GuestMemory;

/** The emulated devices of the PC, at their places. */
final class PcDevices implements AutoCloseable {
  private final Resources owned = new Resources();
  private final List<Resettable> resettable = new ArrayList<>();
  private final AcpiPm power;
  private final PostPort post;

  /**
   * @param serial what COM1 talks to; the caller closes it
   * @param pci bus 0, which gets its host bridge here
   */
  PcDevices(
      IoSpace ports,
      IoSpace mmio,
      IntFunction<IrqLine> irqs,
      PowerControl control,
      DeviceClock clock,
      SerialBackend serial,
      GuestMemory memory,
      PciBus pci) {
    SerialPort com1 = device(new SerialPort(irqs.apply(PcLayout.COM1.irq()), serial));
    com1.attach(ports, PcLayout.COM1.port());

    power = owned.own(device(new AcpiPm(irqs.apply(PcLayout.SCI_IRQ), control, clock)));
    power.attach(ports, PcLayout.PM1_EVENT, PcLayout.PM1_CONTROL, PcLayout.PM_TIMER, PcLayout.GPE0);

    long low = memory.regions().get(0).length();
    owned
        .own(device(new CmosRtc(irqs.apply(PcLayout.RTC_IRQ), clock, low, memory.size() - low)))
        .attach(ports, PcLayout.CMOS_PORT);
    device(new I8042(irqs.apply(PcLayout.KEYBOARD_IRQ), irqs.apply(PcLayout.MOUSE_IRQ), control))
        .attach(ports, PcLayout.I8042_DATA_PORT, PcLayout.I8042_COMMAND_PORT);
    ResetControl resetControl = device(new ResetControl(control));
    device(new PciHost(pci, resetControl))
        .attach(ports, mmio, PcLayout.ECAM.first(), PcLayout.PCI_BUSES);
    device(new SystemControlPort(control)).attach(ports, PcLayout.SYSTEM_CONTROL_PORT);
    post = device(new PostPort());
    post.attach(ports, PcLayout.POST_PORT);
    new DebugExit(control).attach(ports, PcLayout.DEBUG_EXIT_PORT);
    device(new PcTestDevice(irqs)).attach(ports, mmio);
  }

  private <T extends Resettable> T device(T device) {
    resettable.add(device);
    return device;
  }

  /**
   * Has {@code listener} hear each POST code from now on, on the thread of the vCPU that writes it.
   */
  void onPostCode(IntConsumer listener) {
    post.listener(listener);
  }

  /** Presses the power button; returns whether the guest listens to it. */
  boolean pressPowerButton() {
    return power.pressPowerButton();
  }

  /** Returns all devices to their state at power-on. */
  void reset() {
    resettable.forEach(Resettable::reset);
  }

  @Override
  public void close() {
    owned.close();
  }
}
