package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import javelin.devices.HostileAccesses;
import org.junit.jupiter.api.Test;

class PciHostTest extends PciTestBench {
  private static final int ADDRESS = 0xcf8;
  private static final int DATA = 0xcfc;

  private void select(int bus, int device, int function, int register) {
    ports.write(
        ADDRESS, 4, 0x8000_0000L | bus << 16 | device << 11 | function << 8 | (register & 0xfc));
  }

  @Test
  void shouldFindTheHostBridgeWhenPortsAreUsed() {
    select(0, 0, 0, 0);
    assertThat(ports.read(DATA, 4) & 0xffff_ffffL).isEqualTo(0x0008_1b36);
    assertThat(ports.read(DATA, 2)).isEqualTo(0x1b36);
    assertThat(ports.read(DATA + 2, 2)).isEqualTo(0x0008);
    assertThat(ports.read(DATA + 1, 1)).isEqualTo(0x1b);
    assertThat(ports.read(DATA + 1, 2)).isEqualTo(0x081b);
    select(0, 0, 0, 8);
    assertThat(ports.read(DATA, 4)).isEqualTo(0x0600_0000);
    select(0, 0, 0, 0x0c);
    assertThat(ports.read(DATA + 2, 1)).isZero();
  }

  @Test
  void shouldFindTheHostBridgeWhenTheEcamIsUsed() {
    assertThat(mmio.read(ECAM, 4)).isEqualTo(0x0008_1b36);
    assertThat(mmio.read(ECAM, 8)).isEqualTo(0x0008_1b36L);
    assertThat(mmio.read(ECAM + 0x0b, 1)).isEqualTo(6);
    assertThat(mmio.read(ECAM + 0x100, 4)).isZero();
  }

  @Test
  void shouldGiveAllOnesWhenThereIsNoFunction() {
    select(0, 1, 0, 0);
    assertThat((int) ports.read(DATA, 4)).isEqualTo(-1);
    select(1, 0, 0, 0);
    assertThat((int) ports.read(DATA, 4)).isEqualTo(-1);
    ports.write(ADDRESS, 4, 0);
    assertThat((int) ports.read(DATA, 4)).isEqualTo(-1);
    assertThat((int) mmio.read(ecam(1, 0, 0), 4)).isEqualTo(-1);
    assertThat((int) mmio.read(ECAM + (1 << 20), 4)).isEqualTo(-1);
    assertThat((int) mmio.read(ECAM + 0xffff_fffL, 1)).isEqualTo(-1);
  }

  @Test
  void shouldTakeOnlyWholeAddressesWhenTheTypeIsProbed() {
    // arch/x86/pci/direct.c, pci_check_type1.
    select(0, 0, 0, 0x3c);
    ports.write(0xcfb, 1, 1);
    assertThat(ports.read(ADDRESS, 4) & 0xffff_ffffL).isEqualTo(0x8000_003cL);
    ports.write(ADDRESS, 4, 0xffff_ffffL);
    assertThat(ports.read(ADDRESS, 4) & 0xffff_ffffL).isEqualTo(0x80ff_fffcL);
    ports.write(ADDRESS, 2, 0);
    assertThat(ports.read(ADDRESS, 4) & 0xffff_ffffL).isEqualTo(0x80ff_fffcL);
  }

  @Test
  void shouldResetTheMachineWhenTheResetRegisterIsWritten() {
    select(0, 0, 0, 0);
    ports.write(0xcf9, 1, 0x02);
    assertThat(power.requests()).isEmpty();
    ports.write(0xcf9, 1, 0x06);
    assertThat(power.requests()).containsExactly("reset");
    assertThat(ports.read(0xcf9, 1)).isEqualTo(6);
    assertThat(ports.read(DATA, 2)).isEqualTo(0x1b36);
  }

  @Test
  void shouldSetTheMultiFunctionBitWhenADeviceHasSeveral() {
    bus.add(PciAddress.parse("05.0"), new TestFunction(1, space));
    assertThat(read(5, 0x0e, 1)).isZero();
    bus.add(PciAddress.parse("05.3"), new TestFunction(2, space));
    assertThat(read(5, 0x0e, 1)).isEqualTo(0x80);
    assertThat(read(5, 0x0c, 4)).isEqualTo(0x0080_0000);
    assertThat(mmio.read(ecam(5, 3, 2), 2)).isEqualTo(2);
    bus.remove(PciAddress.parse("05.3"));
    assertThat(read(5, 0x0e, 1)).isZero();
  }

  @Test
  void shouldRefuseWhenAPlaceIsTakenOrFunction0Missing() {
    assertThatThrownBy(() -> bus.add(new PciAddress(0, 0, 0), new HostBridge()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("PCI address 00:00.0 is taken");
    assertThatThrownBy(() -> bus.add(new PciAddress(0, 7, 1), new HostBridge()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("PCI address 00:07.1: the device has no function 0, add that first");
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    bus.add(PciAddress.parse("02"), new TestFunction(1, space));
    write(2, 0x10, 4, WINDOW_32);
    write(2, 0x04, 2, 0x0007);
    write(2, 0x3c, 1, 11);
    assertThat(mmio.read(WINDOW_32, 1)).isEqualTo(0x32);
    select(0, 2, 0, 0);
    host.reset();
    assertThat(ports.read(ADDRESS, 4)).isZero();
    assertThat(read(2, 0x10, 4)).isZero();
    assertThat(read(2, 0x04, 2)).isZero();
    assertThat(read(2, 0x3c, 1)).isZero();
    assertThat((int) mmio.read(WINDOW_32, 1)).isEqualTo(-1);
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    TestFunction[] functions = {new TestFunction(1, space), new TestFunction(2, space)};
    bus.add(PciAddress.parse("01.0"), functions[0]);
    bus.add(PciAddress.parse("01.7"), functions[1]);
    SplittableRandom random = new SplittableRandom(0x9c1);
    for (int i = 0; i < 100_000; i++) {
      long register = ecam(1, random.nextBoolean() ? 0 : 7, random.nextInt(0x48));
      long value =
          random.nextBoolean() ? random.nextLong() : (WINDOW_32 + (random.nextInt(8) << 11)) | 7;
      mmio.write(register, 1 << random.nextInt(4), value);
      mmio.read(register, 1 << random.nextInt(4));
    }
    HostileAccesses.run(ports, 0x9c2);
    HostileAccesses.run(mmio, 0x9c3);
    host.reset();
    assertThat(ports.ranges()).hasSize(1);
    assertThat(mmio.ranges()).hasSize(1);
    assertThat(read(1, 0, 4)).isEqualTo(0x0001_1234);
  }
}
