package javelin.passthrough.assigned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.fake.AssignBench;
import javelin.passthrough.fake.FakeVfio;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.KernelVfio;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioException;
import javelin.vmm.linux.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Resets of a function, by itself and with its bus, before, between and after guests. */
final class FunctionResetTest {
  private static final String ACCEPTS =
      ", so the next guest finds what this one leaves in it; --assign 0000:01:00.0,no-reset=allow"
          + " accepts that";
  private static final long HOT_RESET = 0x3b71;
  private static final AssignOptions ALLOWED =
      new AssignOptions(true, true, true, true, true, RomOption.OFF);

  private final ModelShape shape =
      new ModelShape(new PciIdentity(0x1234, 1, 0xff00, 0, 0, 0), ConfigSpace.PCI_LENGTH).pin();
  private final AssignBench bench = new AssignBench(shape);

  @AfterEach
  void requireNothingLeft() {
    bench.close();
    assertThat(bench.vfio.violations()).isEmpty();
  }

  private void refused(String text) {
    try (KernelVfio vfio = bench.open()) {
      VfioDevice device = vfio.devices().get(0);
      assertThatThrownBy(() -> bench.assign(device))
          .isInstanceOf(VfioException.class)
          .hasMessage(text);
    }
  }

  @Test
  void shouldResetByItselfBetweenAndAfterGuestsWhenItCan() {
    shape.resettable();
    bench.vfio.bus().resettable();
    try (KernelVfio vfio = bench.open()) {
      try (AssignedFunction function = bench.assign(vfio.devices().get(0))) {
        assertThat(bench.vfio.resets()).as("the kernel's own, at opening").isZero();
        function.reset();
        assertThat(bench.vfio.resets()).isEqualTo(1);
      }
      assertThat(bench.vfio.resets()).isEqualTo(2);
    }
    assertThat(bench.vfio.bus().resets()).isZero();
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldResetTheBusBeforeBetweenAndAfterGuestsWhenNothingElseIsThere() {
    bench.vfio.bus().resettable();
    try (KernelVfio vfio = bench.open()) {
      try (AssignedFunction function = bench.assign(vfio.devices().get(0))) {
        assertThat(bench.vfio.bus().resets()).isEqualTo(1);
        assertThat(bench.vfio.currentIrq()).as("pin").isZero();
        function.reset();
        assertThat(bench.vfio.bus().resets()).isEqualTo(2);
        assertThat(bench.vfio.currentIrq()).as("pin, again").isZero();
      }
      assertThat(bench.vfio.bus().resets()).isEqualTo(3);
      assertThat(bench.vfio.bus().shownGroups()).isEqualTo(1);
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldShowAllGroupsOfTheBusWhenTheyAreTheGuests() {
    bench
        .vfio
        .bus()
        .resettable()
        .function(FakeVfio.SIBLING, FakeVfio.SIBLING_GROUP, "vfio-pci")
        .function("0000:01:00.2", FakeVfio.GROUP, "vfio-pci");
    try (KernelVfio vfio = bench.openBoth();
        AssignedFunction function = bench.assign(vfio.devices().get(0))) {
      assertThat(bench.vfio.bus().shownGroups()).isEqualTo(2);
      function.reset();
      assertThat(bench.vfio.bus().resets()).isEqualTo(2);
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldNameWhatElseIsOnTheBusAndItsDrivers() {
    bench
        .vfio
        .bus()
        .resettable()
        .function(FakeVfio.SIBLING, FakeVfio.SIBLING_GROUP, "vfio-pci")
        .function("0000:01:00.2", 9, "snd_hda_intel")
        .function("0000:01:1f.7", FakeVfio.GROUP, "");
    refused(
        "0000:01:00.0: it can be reset only together with 0000:01:00.1 (driver vfio-pci),"
            + " 0000:01:00.2 (driver snd_hda_intel), 0000:01:1f.7 (no driver), which this guest"
            + " does not have"
            + ACCEPTS);
    assertThat(bench.vfio.bus().resets()).isZero();
  }

  @Test
  void shouldRefuseWhatCannotBeReset() {
    refused("0000:01:00.0: the kernel knows no way to reset it" + ACCEPTS);
  }

  @Test
  void shouldLeaveTheBusAloneWhenOthersAreThereAndNoResetIsAllowed() {
    bench.vfio.bus().resettable().function("0000:01:00.2", 9, "snd_hda_intel");
    try (KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0), ALLOWED)) {
      function.reset();
    }
    assertThat(bench.vfio.bus().resets()).isZero();
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldResetTheBusWhenItCanThoughNoResetIsAllowed() {
    bench.vfio.bus().resettable();
    try (KernelVfio vfio = bench.open()) {
      bench.assign(vfio.devices().get(0), ALLOWED).close();
    }
    assertThat(bench.vfio.bus().resets()).isEqualTo(2);
  }

  @Test
  void shouldFallBackToTheBusWhenItsOwnResetFails() {
    shape.resettable();
    bench.vfio.refuseReset().bus().resettable();
    try (KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0))) {
      function.reset();
      assertThat(bench.vfio.bus().resets()).isEqualTo(1);
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldTellTheGuestsOwnerWhenNoResetWorks() {
    shape.resettable();
    bench.vfio.refuseReset();
    try (KernelVfio vfio = bench.open();
        AssignedFunction function = bench.assign(vfio.devices().get(0))) {
      function.reset();
      assertThat(bench.problems)
          .singleElement()
          .asString()
          .startsWith("0000:01:00.0 is not reset: VFIO_DEVICE_RESET")
          .contains("ENOTTY");
    }
  }

  @Test
  void shouldRefuseOrTellWhenTheResetBeforeTheGuestFails() {
    bench.vfio.bus().resettable();
    try (KernelVfio vfio = bench.open()) {
      bench.syscalls.onIoctl(HOT_RESET, (fd, at) -> -Errno.EIO.number());
      VfioDevice device = vfio.devices().get(0);
      assertThatThrownBy(() -> bench.assign(device))
          .isInstanceOf(VfioException.class)
          .hasMessageStartingWith("0000:01:00.0: its reset has failed (VFIO_DEVICE_PCI_HOT_RESET")
          .hasMessageEndingWith(ACCEPTS);
      bench.assign(device, ALLOWED).close();
      assertThat(bench.problems)
          .element(0)
          .asString()
          .startsWith("0000:01:00.0: its reset has failed");
    }
  }

  @Test
  void shouldGiveUpWhenTheBusGrowsWhileItIsAsked() {
    bench.vfio.bus().resettable().growing();
    refused("0000:01:00.0: the kernel knows no way to reset it" + ACCEPTS);
  }
}
