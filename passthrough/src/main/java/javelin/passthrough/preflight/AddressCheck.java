package javelin.passthrough.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import javelin.devices.pci.AddressWindow;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.IommuGroup;
import javelin.passthrough.host.IommuGroup.Reserved;
import javelin.passthrough.preflight.DevicePlan.Device;
import javelin.vmm.linux.HostFiles;

/**
 * Whether devices reach all of the guest's RAM: inside the IOMMU's width, over no reserved range.
 */
final class AddressCheck implements DeviceCheck {
  private static final String SUBJECT = "guest RAM";
  private static final int HEXADECIMAL = 16;

  /** VT-d's capability register (specification 3.3, 11.4.2): maximum guest address width - 1. */
  private static final int CAP_MGAW_SHIFT = 16;

  private static final int CAP_MGAW_MASK = 0x3F;

  private final HostFiles files;

  AddressCheck(HostFiles files) {
    this.files = files;
  }

  @Override
  public List<Finding> findings(DevicePlan plan) {
    List<Finding> findings = new ArrayList<>();
    for (IommuGroup group : plan.groups()) {
      for (Reserved range : group.reserved()) {
        addOverlaps(group, range, plan.guest(), findings);
      }
    }
    for (Device device : plan.devices()) {
      addWidth(device, plan.guest(), findings);
    }
    return findings;
  }

  private static void addOverlaps(
      IommuGroup group, Reserved range, GuestLayout guest, List<Finding> findings) {
    // VFIO lets guests use what the firmware has relaxed.
    if (range.type().equals("direct-relaxable")) {
      return;
    }
    for (AddressWindow ram : guest.ram()) {
      long last = ram.base() + ram.length() - 1;
      if (Long.compareUnsigned(range.start(), last) <= 0
          && Long.compareUnsigned(range.end(), ram.base()) >= 0) {
        String problem =
            String.format(
                "0x%x-0x%x lies over 0x%x-0x%x (%s), which devices of IOMMU group %d cannot use for"
                    + " memory",
                ram.base(), last, range.start(), range.end(), range.type(), group.number());
        findings.add(Finding.blocks(SUBJECT, problem, lessMemory(guest, range.start())));
      }
    }
  }

  private void addWidth(Device device, GuestLayout guest, List<Finding> findings) {
    OptionalInt width = width(device.host().address());
    AddressWindow top = guest.ram().get(guest.ram().size() - 1);
    long last = top.base() + top.length() - 1;
    if (width.isPresent() && last >>> width.getAsInt() != 0) {
      String problem =
          String.format(
              "ends at 0x%x, and the IOMMU of %s reaches only 0x%x (%d bits)",
              last, device.name(), (1L << width.getAsInt()) - 1, width.getAsInt());
      findings.add(Finding.blocks(SUBJECT, problem, lessMemory(guest, 1L << width.getAsInt())));
    }
  }

  /** The width that the IOMMU above a device translates; AMD-Vi tells of none and has 64 bits. */
  private OptionalInt width(HostAddress address) {
    return files
        .text(address.sysfs() + "/iommu/intel-iommu/cap")
        .map(text -> Long.parseUnsignedLong(text, HEXADECIMAL))
        .map(cap -> OptionalInt.of((int) (cap >> CAP_MGAW_SHIFT & CAP_MGAW_MASK) + 1))
        .orElse(OptionalInt.empty());
  }

  private static String lessMemory(GuestLayout guest, long end) {
    long mebibytes = guest.ramBelow(end) >> 20;
    return mebibytes > 0
        ? "give the guest less: --memory " + mebibytes + "M"
        : "no guest can have its devices on this host";
  }
}
