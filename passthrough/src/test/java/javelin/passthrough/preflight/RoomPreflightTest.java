package javelin.passthrough.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Whether guest RAM and BARs have room where the host's IOMMU lets them be. */
class RoomPreflightTest extends PreflightTestBench {
  private static final long MEM64 = 0x10_0200;

  @Test
  void shouldNameReservedRangeThatRamLiesOver() {
    host.file(
        "/sys/kernel/iommu_groups/3/reserved_regions",
        """
        0x00000000000a0000 0x00000000000bffff direct-relaxable
        0x00000000fee00000 0x00000000feefffff msi
        0x0000000140000000 0x000000014fffffff reserved
        """);
    guest = guest(5 * GIB);

    assertBlocked(
        "guest RAM: 0x100000000-0x17fffffff lies over 0x140000000-0x14fffffff (reserved), which"
            + " devices of IOMMU group 3 cannot use for memory; give the guest less: --memory"
            + " 4096M");
  }

  @Test
  void shouldSaySoWhenNoRamIsLeftBelowReservedRange() {
    host.file("/sys/kernel/iommu_groups/3/reserved_regions", "0x0 0xfff reserved\n");

    assertBlocked(
        "guest RAM: 0x0-0x7fffffff lies over 0x0-0xfff (reserved), which devices of IOMMU group 3"
            + " cannot use for memory; no guest can have its devices on this host");
  }

  @Test
  void shouldNameWidthOfIommuThatRamExceeds() {
    // 39 bits, as most desktops have.
    host.file("/sys/class/iommu/dmar0/intel-iommu/cap", "1c0000c40660462\n");
    guest = guest(600 * GIB);

    assertBlocked(
        "guest RAM: ends at 0x963fffffff, and the IOMMU of 0000:01:00.0 reaches only 0x7fffffffff"
            + " (39 bits); give the guest less: --memory 523264M");
  }

  @Test
  void shouldNameBarThatWindowHasNoRoomFor() {
    nic.bar(1, 256 * MIB, MEM32).bar(2, 64 * GIB, MEM64).bar(4, 4096, MEM64);
    nic("02:00.0", 4).bar(1, 256 * MIB, MEM32);
    String remedy =
        "; assign fewer devices to one guest, or make the BAR smaller where the firmware or the"
            + " device can (resizable BAR)";

    assertThat(texts(findings(wanted(NIC), wanted("02:00.0"))))
        .containsExactly(
            "0000:01:00.0: its BAR 0 of 128 KiB has no room in the guest's window of 512 MiB for"
                + " 32-bit BARs"
                + remedy,
            "0000:02:00.0: its BAR 0 of 128 KiB has no room in the guest's window of 512 MiB for"
                + " 32-bit BARs"
                + remedy,
            "0000:01:00.0: its BAR 4 of 4 KiB has no room in the guest's window of 64 GiB for"
                + " 64-bit BARs"
                + remedy);
  }

  @Test
  void shouldPutWideBarsBelowWhenThereIsNoWideWindow() {
    nic.bar(2, GIB, MEM64);
    guest = new GuestLayout(guest.ram(), guest.lockedBytes(), guest.mmio32(), Optional.empty());

    assertThat(texts(findings(wanted(NIC))))
        .singleElement()
        .asString()
        .startsWith(
            "0000:01:00.0: its BAR 2 of 1 GiB has no room in the guest's window of 512 MiB");
  }
}
