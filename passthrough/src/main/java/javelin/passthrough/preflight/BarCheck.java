package javelin.passthrough.preflight;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.devices.pci.AddressWindow;
import javelin.passthrough.host.HostBar;
import javelin.passthrough.host.HostBar.Kind;
import javelin.passthrough.preflight.DevicePlan.Device;

/** Whether the guest has room for the devices' BARs. */
final class BarCheck implements DeviceCheck {
  /** Guests give each BAR pages of its own. */
  private static final long PAGE = 4096;

  /** A BAR and whose it is. */
  private record Bar(String device, HostBar host) {
    long size() {
      return Math.max(PAGE, host.size());
    }
  }

  @Override
  public List<Finding> findings(DevicePlan plan) {
    GuestLayout guest = plan.guest();
    List<Bar> low = bars(plan, Kind.MEM32);
    List<Bar> high = bars(plan, Kind.MEM64);
    if (guest.mmio64().isEmpty()) {
      low.addAll(high);
    }
    List<Finding> findings = new ArrayList<>();
    place(low, "32-bit", guest.mmio32(), findings);
    Optional<AddressWindow> mmio64 = guest.mmio64();
    mmio64.ifPresent(window -> place(high, "64-bit", window, findings));
    return findings;
  }

  private static List<Bar> bars(DevicePlan plan, Kind kind) {
    Stream<Bar> bars = plan.devices().stream().flatMap(BarCheck::bars);
    return new ArrayList<>(bars.filter(bar -> bar.host().kind() == kind).toList());
  }

  private static Stream<Bar> bars(Device device) {
    return device.host().bars().stream().map(bar -> new Bar(device.name(), bar));
  }

  /** The largest first, each on a multiple of its size: nothing packs powers of two closer. */
  private static void place(
      List<Bar> bars, String width, AddressWindow window, List<Finding> findings) {
    long at = window.base();
    long end = window.base() + window.length();
    for (Bar bar : bars.stream().sorted(Comparator.comparing(Bar::size).reversed()).toList()) {
      long start = (at + bar.size() - 1) & -bar.size();
      if (start >= at && start <= end && bar.size() <= end - start) {
        at = start + bar.size();
      } else {
        findings.add(noRoom(bar, width, window));
      }
    }
  }

  private static Finding noRoom(Bar bar, String width, AddressWindow window) {
    return Finding.blocks(
        bar.device(),
        String.format(
            "its BAR %d of %s has no room in the guest's window of %s for %s BARs",
            bar.host().index(), ByteSize.of(bar.size()), ByteSize.of(window.length()), width),
        "assign fewer devices to one guest, or make the BAR smaller where the firmware or the"
            + " device can (resizable BAR)");
  }
}
