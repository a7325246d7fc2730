package javelin.passthrough.preflight;

import java.util.List;
import javelin.vmm.linux.HostFiles;

/**
 * Whether the IOMMU remaps interrupts. Without that a device's write to the interrupt window raises
 * any interrupt of the host, and VFIO refuses to assign unless it is told to look away.
 */
final class InterruptCheck implements HostCheck {
  static final String TOPIC = "interrupt remapping";

  private static final String LOOK_AWAY =
      "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
  private static final int HEXADECIMAL = 16;

  /** Extended capability register of VT-d (specification 3.3, 11.4.3): interrupt remapping. */
  private static final int ECAP_INTERRUPT_REMAPPING = 1 << 3;

  private final HostFiles files;

  InterruptCheck(HostFiles files) {
    this.files = files;
  }

  @Override
  public CheckResult check(GuestLayout guest) {
    if (files.names(IommuCheck.UNITS).isEmpty()) {
      return CheckResult.untold(TOPIC, "none, as there is no IOMMU");
    }
    return isOn()
        ? CheckResult.good(TOPIC, "on")
        : CheckResult.of(TOPIC, "off", List.of(isIgnored() ? ignored() : missing()));
  }

  /** The kernel prefixes the names of remapped interrupt chips with IR-. */
  private boolean isOn() {
    return files.lines("/proc/interrupts").stream().anyMatch(line -> line.contains(" IR-"));
  }

  private boolean isIgnored() {
    return files.text(LOOK_AWAY).filter(text -> text.equals("Y") || text.equals("1")).isPresent();
  }

  private static Finding ignored() {
    return Finding.warns(
        TOPIC,
        "off, and vfio_iommu_type1's allow_unsafe_interrupts=1 makes VFIO look away: the guest can"
            + " forge interrupts of this host",
        "assign only to guests that you trust like this host itself");
  }

  private Finding missing() {
    return Finding.blocks(
        TOPIC,
        "off (/proc/interrupts names no IR- chip), so that a guest could forge interrupts of this"
            + " host",
        isInHardware()
            ? "the hardware has it: boot without intremap=off; dmesg (DMAR-IR) tells if the"
                + " firmware stands against it"
            : "switch on interrupt remapping, on Intel also x2APIC, in the firmware"
                + " (vfio_iommu_type1's allow_unsafe_interrupts=1 only makes VFIO look away)");
  }

  private boolean isInHardware() {
    return files.names(IommuCheck.UNITS).stream()
        .flatMap(unit -> files.text(IommuCheck.UNITS + "/" + unit + "/intel-iommu/ecap").stream())
        .anyMatch(
            text -> (Long.parseUnsignedLong(text, HEXADECIMAL) & ECAP_INTERRUPT_REMAPPING) != 0);
  }
}
