package javelin.passthrough.preflight;

import java.util.List;
import java.util.Optional;
import javelin.devices.pci.AddressWindow;

/**
 * What a guest with assigned devices asks of the host's address spaces and memory.
 *
 * @param ram where its RAM is, ascending, in guest-physical addresses, which devices use for DMA
 * @param lockedBytes how much counts against RLIMIT_MEMLOCK: all RAM, as it is pinned, and as much
 *     again where it is also locked by mlock(2), which the kernel counts by itself
 * @param mmio32 the window for 32-bit BARs
 * @param mmio64 the window for 64-bit BARs; where there is none they are in the other one
 */
public record GuestLayout(
    List<AddressWindow> ram,
    long lockedBytes,
    AddressWindow mmio32,
    Optional<AddressWindow> mmio64) {
  /** Keeps a copy of the list. */
  public GuestLayout {
    ram = List.copyOf(ram);
  }

  /** Bytes of RAM below {@code address}, which is unsigned. */
  long ramBelow(long address) {
    return ram.stream()
        .mapToLong(
            window ->
                Long.compareUnsigned(address, window.base()) <= 0
                    ? 0
                    : Long.compareUnsigned(address - window.base(), window.length()) < 0
                        ? address - window.base()
                        : window.length())
        .sum();
  }
}
