package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import javelin.devices.pci.AddressWindow;
import javelin.passthrough.preflight.GuestLayout;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Test;

class PcLayoutTest {
  private static final long GIB = 1L << 30;
  private static final AddressWindow MMIO32 = new AddressWindow(3 * GIB, GIB / 2);

  @Test
  void shouldKeepSmallRamInOnePieceAndPinItOnce() {
    assertThat(PcLayout.guestLayout(RamConfig.of(2 * GIB), 40))
        .isEqualTo(
            new GuestLayout(
                List.of(new AddressWindow(0, 2 * GIB)),
                2 * GIB,
                MMIO32,
                Optional.of(new AddressWindow(512 * GIB, 512 * GIB))));
  }

  @Test
  void shouldSplitRamAroundTheHoleAndCountItTwiceWhenLocked() {
    GuestLayout layout =
        PcLayout.guestLayout(new RamConfig(40 * GIB, PageSize.TRANSPARENT, true, false), 36);

    assertThat(layout.ram())
        .containsExactly(new AddressWindow(0, 3 * GIB), new AddressWindow(4 * GIB, 37 * GIB));
    assertThat(layout.lockedBytes()).isEqualTo(80 * GIB);
    assertThat(layout.mmio64()).contains(new AddressWindow(41 * GIB, 23 * GIB));
  }

  @Test
  void shouldHaveNoWideWindowWhenRamLeavesNoRoom() {
    assertThat(PcLayout.guestLayout(RamConfig.of(63 * GIB), 36).mmio64()).isEmpty();
  }
}
