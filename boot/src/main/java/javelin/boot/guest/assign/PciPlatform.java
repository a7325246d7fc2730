package javelin.boot.guest.assign;

import java.util.Optional;
import javelin.boot.guest.runtime.CheckingGuest;
import javelin.devices.pci.AddressWindow;

/**
 * What guests that check PCI functions have to know of their machine and would have to interpret
 * AML for.
 *
 * @param mmio32 where memory BARs may be, below 4 GiB
 * @param mmio64 where prefetchable 64-bit BARs may be, if there is such a window
 * @param ports where I/O BARs may be
 * @param firstGsi GSI of pin INTA of device 0
 * @param gsiCount the pins' GSIs, a power of two: pin p of device d has GSI {@code firstGsi + (d +
 *     p) % gsiCount}
 * @param nobody the 32 bits that a read gives where nothing answers: all ones on a PC
 * @param sleepType first number of the \_S5 package, 0 to 7
 */
public record PciPlatform(
    AddressWindow mmio32,
    Optional<AddressWindow> mmio64,
    AddressWindow ports,
    int firstGsi,
    int gsiCount,
    long nobody,
    int sleepType) {
  /** What a PC's bus gives where nothing answers. */
  public static final long ALL_ONES = 0xffff_ffffL;

  /** A machine of our own. */
  public static PciPlatform of(
      AddressWindow mmio32,
      Optional<AddressWindow> mmio64,
      AddressWindow ports,
      int firstGsi,
      int gsiCount) {
    return new PciPlatform(
        mmio32, mmio64, ports, firstGsi, gsiCount, ALL_ONES, CheckingGuest.SLEEP_TYPE_S5);
  }
}
