package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.RecordingLine;
import javelin.vmm.irq.IrqLine;
import org.junit.jupiter.api.Test;

class ConfigSpaceTest {
  private final ConfigSpace config = new ConfigSpace(ConfigSpace.EXPRESS_LENGTH);

  @Test
  void shouldObeyEachBitsMaskWhenTheGuestWrites() {
    config.set(0x40, 4, 0x8765_4321L);
    config.writable(0x40, 4, 0x0000_ff0fL);
    config.clearedByOne(0x42, 2, 0x0ff0);
    config.write(0x40, 4, 0xffff_ffffL);
    assertThat(config.read(0x40, 4)).isEqualTo(0x8005_ff2fL);
    config.write(0x40, 4, 0);
    assertThat(config.read(0x40, 4)).isEqualTo(0x8005_0020L);
  }

  @Test
  void shouldReadAndWriteAnyWidthAtAnyOffset() {
    config.writable(0x50, 4, 0xffff_ffffL);
    config.write(0x51, 2, 0x1234);
    config.write(0x53, 1, 0x56);
    assertThat(config.read(0x50, 4)).isEqualTo(0x5612_3400L);
    assertThat(config.read(0x52, 2)).isEqualTo(0x5612);
  }

  @Test
  void shouldIgnoreWhatLiesBeyondItsEnd() {
    ConfigSpace small = new ConfigSpace(ConfigSpace.PCI_LENGTH);
    small.write(0x100, 4, -1);
    small.write(0xfe, 4, -1);
    assertThat(small.read(0x100, 4)).isZero();
    assertThat(small.read(0xfff, 1)).isZero();
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    config.set(0x40, 1, 7).writable(0x40, 1, 0xff);
    config.setPowerOn();
    config.write(0x40, 1, 9);
    config.set(0x80, 4, 0xffff);
    config.reset();
    assertThat(config.read(0x40, 1)).isEqualTo(7);
    assertThat(config.read(0x80, 4)).isZero();
  }

  @Test
  void shouldChainCapabilitiesWhenTheyAreAdded() {
    assertThat(config.read(PciRegisters.STATUS, 2)).isZero();
    int first = config.addCapability(0x10, 0x3a);
    int second = config.addCapability(0x11, 12);
    assertThat(first).isEqualTo(0x40);
    assertThat(second).isEqualTo(0x7c);
    assertThat(config.read(PciRegisters.STATUS, 2)).isEqualTo(0x10);
    List<Long> ids = new ArrayList<>();
    for (long at = config.read(0x34, 1); at != 0; at = config.read((int) at + 1, 1)) {
      ids.add(config.read((int) at, 1));
    }
    assertThat(ids).containsExactly(0x10L, 0x11L);
    assertThatThrownBy(() -> config.addCapability(0x09, 0x7c))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no room for capability 0x9, 124 bytes at 0x88");
  }

  @Test
  void shouldChainExtendedCapabilitiesWhenTheyAreAdded() {
    assertThat(config.addExtendedCapability(0x0001, 2, 0x48)).isEqualTo(0x100);
    assertThat(config.addExtendedCapability(0x000d, 1, 8)).isEqualTo(0x148);
    assertThat(config.read(0x100, 4)).isEqualTo(0x1482_0001L);
    assertThat(config.read(0x148, 4)).isEqualTo(0x0001_000dL);
    assertThatThrownBy(() -> new ConfigSpace(256).addExtendedCapability(1, 1, 8))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("no room for extended capability 0x1");
  }

  @Test
  void shouldReadAddressesAsUsersWriteThem() {
    assertThat(PciAddress.parse("00:1f.2")).isEqualTo(new PciAddress(0, 31, 2));
    assertThat(PciAddress.parse("3")).isEqualTo(new PciAddress(0, 3, 0));
    assertThat(PciAddress.parse("a.7")).hasToString("00:0a.7");
    assertThat(new PciAddress(0, 31, 7).deviceFunction()).isEqualTo(0xff);
    for (String wrong : new String[] {"", "20", "1.8", "x", "0000:00:01.0", "1."}) {
      assertThatThrownBy(() -> PciAddress.parse(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("no PCI address");
    }
  }

  @Test
  void shouldWireSharedPinsTogetherWhenTheyMeetOnOneGsi() {
    RecordingLine[] lines = new RecordingLine[24];
    IntxRouter router =
        new IntxRouter(
            gsi -> {
              lines[gsi] = new RecordingLine();
              return lines[gsi];
            });
    assertThat(IntxRouter.gsi(1, 0)).isEqualTo(17);
    assertThat(IntxRouter.gsi(31, 3)).isEqualTo(18);
    IrqLine first = router.pin(1, 0);
    IrqLine second = router.pin(9, 0);
    first.set(true);
    first.set(true);
    second.set(true);
    assertThat(lines[17].active()).isTrue();
    first.set(false);
    assertThat(lines[17].active()).isTrue();
    second.set(false);
    assertThat(lines[17].active()).isFalse();
    assertThat(lines[17].edges()).isEqualTo(1);
  }
}
