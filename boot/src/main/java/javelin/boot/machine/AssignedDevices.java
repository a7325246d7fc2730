package javelin.boot.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import javelin.devices.pci.PciAddress;
import javelin.devices.pci.PciBus;
import javelin.passthrough.assigned.AssignedFunction;
import javelin.passthrough.assigned.GuestSide;
import javelin.passthrough.vfio.VfioBackend;
import javelin.passthrough.vfio.VfioDevice;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;

/**
 * The devices that the guest gets from elsewhere, on its bus; closing it leaves them silent and
 * closed.
 */
final class AssignedDevices implements AutoCloseable {
  private final Resources owned = new Resources();

  private final EventLoop loop;

  /** Null without devices. */
  private final VfioBackend backend;

  /**
   * Opens the devices and puts them on the bus, those with an address of their own first.
   *
   * @param opener opens them
   * @param tracer puts a trace around each
   */
  AssignedDevices(
      List<AssignSpec> specs,
      VfioBackend.Opener opener,
      UnaryOperator<VfioDevice> tracer,
      GuestSide guest,
      GuestMemory memory) {
    loop = guest.loop();
    if (specs.isEmpty()) {
      backend = null;
      return;
    }
    try {
      List<String> names = specs.stream().map(spec -> spec.device().toString()).toList();
      backend = owned.own(opener.open(guest.vm(), memory, names));
      List<VfioDevice> devices = backend.devices().stream().map(tracer).toList();
      add(specs, devices, guest, true);
      add(specs, devices, guest, false);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private void add(
      List<AssignSpec> specs, List<VfioDevice> devices, GuestSide guest, boolean hasSlot) {
    PciBus bus = guest.pci().bus();
    for (int i = 0; i < specs.size(); i++) {
      AssignSpec spec = specs.get(i);
      if ((spec.slot() != null) != hasSlot) {
        continue;
      }
      PciAddress slot = hasSlot ? spec.slot() : bus.freeDevice();
      AssignedFunction function =
          owned.own(new AssignedFunction(devices.get(i), guest, slot, spec.options()));
      try {
        bus.add(slot, function);
      } catch (IllegalArgumentException e) {
        throw new ConfigException("--assign", spec.device(), e.getMessage());
      }
      owned.own((AutoCloseable) () -> bus.remove(slot));
    }
  }

  /** What the devices have taken of the host, and what they have cost, a line each. */
  List<String> report() {
    if (backend == null) {
      return List.of();
    }
    List<String> lines = new ArrayList<>(backend.report());
    // Interrupts that go by the kernel are not among these.
    lines.add("event loop woken " + loop.handled() + " times");
    return lines;
  }

  @Override
  public void close() {
    owned.close();
  }
}
