package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import javelin.devices.pci.Capabilities.Capability;
import org.junit.jupiter.api.Test;

/** Walks of capability lists, sound and broken. */
final class CapabilitiesTest {
  private static final int POINTER = PciRegisters.CAPABILITIES;

  private final ConfigSpace config = new ConfigSpace(ConfigSpace.EXPRESS_LENGTH);

  private List<Capability> standard() {
    return Capabilities.standard(config::read);
  }

  private List<Capability> extended() {
    return Capabilities.extended(config::read, ConfigSpace.EXPRESS_LENGTH);
  }

  private void link(int offset, int id, int next) {
    config.set(PciRegisters.STATUS, 2, PciRegisters.STATUS_CAPABILITIES);
    config.set(offset, 1, id).set(offset + 1, 1, next);
  }

  private void linkExtended(int offset, int id, int next) {
    config.set(offset, 4, id | 1 << 16 | (long) next << 20);
  }

  @Test
  void shouldFindCapabilitiesInTheOrderOfTheirList() {
    config.set(POINTER, 1, 0x80);
    link(0x80, Capabilities.MSI, 0x40);
    link(0x40, Capabilities.EXPRESS, 0xf0);
    link(0xf0, Capabilities.MSI, 0);
    assertThat(standard())
        .containsExactly(
            new Capability(Capabilities.MSI, 0x80),
            new Capability(Capabilities.EXPRESS, 0x40),
            new Capability(Capabilities.MSI, 0xf0));
    assertThat(Capabilities.find(standard(), Capabilities.MSI)).hasValue(0x80);
    assertThat(Capabilities.find(standard(), Capabilities.MSIX)).isEmpty();
  }

  @Test
  void shouldFindNoneWhenTheStatusRegisterSaysThereIsNoList() {
    config.set(POINTER, 1, 0x40);
    link(0x40, Capabilities.MSI, 0);
    config.set(PciRegisters.STATUS, 2, 0);
    assertThat(standard()).isEmpty();
  }

  @Test
  void shouldIgnoreTheTwoLowBitsOfPointers() {
    config.set(POINTER, 1, 0x43);
    link(0x40, Capabilities.MSI, 0x52);
    link(0x50, Capabilities.MSIX, 0);
    assertThat(standard()).extracting(Capability::offset).containsExactly(0x40, 0x50);
  }

  @Test
  void shouldEndWhereAListLoopsOrLeavesItsPart() {
    config.set(POINTER, 1, 0x40);
    link(0x40, Capabilities.MSI, 0x50);
    for (int bad : new int[] {0x40, 0x50, 0x3c, 0x04}) {
      link(0x50, Capabilities.MSIX, bad);
      assertThat(standard()).as("next 0x%x", bad).hasSize(2);
    }
  }

  @Test
  void shouldEndWhereNothingAnswers() {
    config.set(POINTER, 1, 0x40);
    link(0x40, Capabilities.MSI, 0x50);
    link(0x50, 0xff, 0xff);
    assertThat(standard()).containsExactly(new Capability(Capabilities.MSI, 0x40));
    linkExtended(0x100, 1, 0x140);
    config.set(0x140, 4, 0xffff_ffffL);
    assertThat(extended()).containsExactly(new Capability(1, 0x100));
  }

  @Test
  void shouldFindExtendedCapabilitiesUntilAnEndOrALoop() {
    assertThat(extended()).isEmpty();
    linkExtended(0x100, 0x10, 0xffc);
    linkExtended(0xffc, 0x03, 0);
    assertThat(extended()).containsExactly(new Capability(0x10, 0x100), new Capability(3, 0xffc));
    for (int bad : new int[] {0x100, 0xffc, 0x0fc, 0x040}) {
      linkExtended(0xffc, 0x03, bad);
      assertThat(extended()).as("next 0x%x", bad).hasSize(2);
    }
    assertThat(Capabilities.extended(config::read, ConfigSpace.PCI_LENGTH)).isEmpty();
  }

  @Test
  void shouldEndOnAnyBytes() {
    for (long seed = 0; seed < 2_000; seed++) {
      Random random = new Random(seed);
      Capabilities.Reader reader =
          (offset, size) -> {
            assertThat(offset).isBetween(0, ConfigSpace.EXPRESS_LENGTH - size);
            return random.nextInt() & ((1L << (8 * size)) - 1);
          };
      List<Capability> found = Capabilities.standard(reader);
      assertThat(new HashSet<>(found)).as("seed %d", seed).hasSameSizeAs(found);
      assertThat(found).allMatch(capability -> capability.offset() >= PciRegisters.HEADER_LENGTH);
      Capabilities.extended(reader, ConfigSpace.EXPRESS_LENGTH);
    }
  }
}
