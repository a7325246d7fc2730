package javelin.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.devices.legacy.PostPort;
import javelin.vmm.bus.IoHandler;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BarTest extends PciTestBench {
  private static final int COMMAND = 0x04;
  private static final int IO = 1;
  private static final int MEMORY = 2;

  private final TestFunction function = new TestFunction(1, space);

  @BeforeEach
  void add() {
    bus.add(PciAddress.parse("01"), function);
  }

  private int sized(int register) {
    long before = read(1, register, 4);
    write(1, register, 4, 0xffff_ffffL);
    int size = (int) read(1, register, 4);
    write(1, register, 4, before);
    return size;
  }

  @Test
  void shouldTellSizesAndTypesWhenAllOnesAreWritten() {
    assertThat(sized(0x10)).isEqualTo(0xffff_f000);
    assertThat(sized(0x14)).isZero();
    assertThat(sized(0x18)).isEqualTo(0xfff0_000c);
    assertThat(sized(0x1c)).isEqualTo(0xffff_ffff);
    assertThat(sized(0x20)).isEqualTo(0xffff_ffe1);
    assertThat(sized(0x24)).isZero();
    assertThat(read(1, 0x10, 4)).isZero();
    assertThat(read(1, 0x18, 4)).isEqualTo(0x0c);
    assertThat(read(1, 0x20, 4)).isEqualTo(0x01);
  }

  @Test
  void shouldAnswerOnlyWhileDecodingIsEnabled() {
    write(1, 0x10, 4, WINDOW_32 + 0x5000);
    write(1, 0x18, 4, 0x0020_0000);
    write(1, 0x1c, 4, 0x10);
    write(1, 0x20, 4, 0xd100);
    assertThat((int) mmio.read(WINDOW_32 + 0x5000, 1)).isEqualTo(-1);
    write(1, COMMAND, 2, MEMORY);
    assertThat(mmio.read(WINDOW_32 + 0x5fff, 1)).isEqualTo(0x32);
    assertThat(mmio.read(WINDOW_64 + 0x20_0000, 1)).isEqualTo(0x64);
    assertThat((int) ports.read(0xd100, 1)).isEqualTo(-1);
    write(1, COMMAND, 2, MEMORY | IO);
    assertThat(ports.read(0xd11f, 1)).isEqualTo(0x10);
    mmio.write(WINDOW_64 + 0x20_0010, 4, 0xabcd);
    assertThat(function.writes).containsExactly("bar2+10=abcd");
    write(1, COMMAND, 2, 0);
    assertThat((int) mmio.read(WINDOW_32 + 0x5000, 1)).isEqualTo(-1);
    assertThat((int) ports.read(0xd100, 1)).isEqualTo(-1);
  }

  @Test
  void shouldMoveWhenItsRegisterChangesWhileEnabled() {
    write(1, COMMAND, 2, MEMORY);
    write(1, 0x10, 4, WINDOW_32);
    assertThat(mmio.read(WINDOW_32, 1)).isEqualTo(0x32);
    write(1, 0x10, 4, WINDOW_32 + 0x1000);
    assertThat((int) mmio.read(WINDOW_32, 1)).isEqualTo(-1);
    assertThat(mmio.read(WINDOW_32 + 0x1000, 1)).isEqualTo(0x32);
    write(1, 0x11, 1, 0x20);
    assertThat(mmio.read(WINDOW_32 + 0x2000, 1)).isEqualTo(0x32);
  }

  @Test
  void shouldNotBeDecodedOutsideTheWindows() {
    write(1, COMMAND, 2, MEMORY | IO);
    write(1, 0x10, 4, 0x10_0000);
    write(1, 0x18, 4, 0);
    write(1, 0x1c, 4, 0x8000_0000L);
    write(1, 0x20, 4, 0xce0);
    assertThat((int) mmio.read(0x10_0000, 1)).isEqualTo(-1);
    assertThat(mmio.ranges()).hasSize(1);
    assertThat(ports.ranges()).hasSize(1);
    write(1, 0x20, 4, 0xcc0);
    assertThat(ports.ranges()).hasSize(2);
  }

  @Test
  void shouldWaitWhenAnotherFunctionIsInItsPlace() {
    bus.add(PciAddress.parse("02"), new TestFunction(2, space));
    write(1, 0x10, 4, WINDOW_32);
    write(2, 0x10, 4, WINDOW_32);
    write(1, COMMAND, 2, MEMORY);
    write(2, COMMAND, 2, MEMORY);
    mmio.write(WINDOW_32, 1, 7);
    assertThat(function.writes).containsExactly("bar0+0=7");
    write(1, 0x10, 4, WINDOW_32 + 0x10_0000);
    mmio.write(WINDOW_32, 1, 8);
    assertThat(function.writes).hasSize(1);
    assertThat(mmio.read(WINDOW_32, 1)).isEqualTo(0x32);
    assertThat(mmio.read(WINDOW_32 + 0x10_0000, 1)).isEqualTo(0x32);
  }

  @Test
  void shouldStayAwayFromDevicesThatAreNotPci() {
    ports.register("legacy", 0x60, 1, new PostPort());
    write(1, 0x20, 4, 0x60);
    write(1, COMMAND, 2, IO);
    assertThat(ports.read(0x60, 1)).isZero();
    write(1, 0x20, 4, 0x80);
    assertThat(ports.read(0x80, 1)).isEqualTo(0x10);
    write(1, 0x20, 4, 0x60);
    assertThat((int) ports.read(0x80, 1)).isEqualTo(-1);
  }

  @Test
  void shouldLeaveTheAddressSpacesWhenDetached() {
    write(1, 0x10, 4, WINDOW_32);
    write(1, COMMAND, 2, MEMORY);
    function.detach();
    assertThat(mmio.ranges()).hasSize(1);
  }

  @Test
  void shouldDecodeTheRomOnlyWhereItAndMemoryAreEnabled() {
    bus.add(PciAddress.parse("02"), new RomFunction(space));
    write(2, 0x30, 4, 0xffff_ffffL);
    assertThat(read(2, 0x30, 4)).as("size and enable bit").isEqualTo(0xffff_e001L);
    write(2, 0x30, 4, 0xffff_f800L);
    assertThat(read(2, 0x30, 4)).as("size alone").isEqualTo(0xffff_e000L);
    write(2, 0x30, 4, WINDOW_32 + 0x2001);
    assertThat((int) mmio.read(WINDOW_32 + 0x2000, 4)).isEqualTo(-1);
    write(2, COMMAND, 2, MEMORY);
    assertThat(mmio.read(WINDOW_32 + 0x3fff, 1)).isEqualTo(0x55);
    assertThat((int) mmio.read(WINDOW_32 + 0x4000, 1)).isEqualTo(-1);
    write(2, 0x30, 1, 0);
    assertThat((int) mmio.read(WINDOW_32 + 0x2000, 4)).as("disabled").isEqualTo(-1);
    write(2, 0x30, 4, WINDOW_32 + 0x6001);
    assertThat(mmio.read(WINDOW_32 + 0x6000, 1)).as("moved").isEqualTo(0x55);
    write(2, 0x30, 4, 0x0010_0001);
    assertThat(mmio.ranges()).as("outside of the windows").hasSize(1);
    write(2, 0x30, 4, 1);
    assertThat(mmio.ranges()).as("at 0").hasSize(1);
  }

  /** A function with a ROM of 8 KiB and nothing else. */
  private static final class RomFunction extends EmulatedFunction {
    RomFunction(BarSpace space) {
      super(new PciIdentity(0x1234, 2, 0xff0000, 0, 0, 0), ConfigSpace.PCI_LENGTH, space);
      IoHandler reads =
          new IoHandler() {
            @Override
            public long read(long offset, int size) {
              return 0x55;
            }

            @Override
            public void write(long offset, int size, long value) {}
          };
      bars().rom(0x2000, space.mmioRegisters("rom", 0x2000, reads));
      ready();
    }
  }

  @Test
  void shouldRefuseWhenABarIsImpossible() {
    BarSet bars = new BarSet(new ConfigSpace(ConfigSpace.PCI_LENGTH), space);
    BarBacking backing = space.portRegisters("x", 4, new PostPort());
    assertThatThrownBy(() -> bars.memory32(0, 24, false, backing))
        .hasMessageContaining("size of 0x18");
    assertThatThrownBy(() -> bars.io(0, 512, backing)).hasMessageContaining("size of 0x200");
    assertThatThrownBy(() -> bars.memory64(5, 16, false, backing))
        .hasMessage("BAR 5: register 6 is not free");
    bars.memory64(0, 16, false, backing);
    assertThatThrownBy(() -> bars.io(1, 4, backing)).hasMessage("BAR 1: register 1 is not free");
    bars.io(3, 4, backing);
    assertThatThrownBy(() -> bars.rom(0x400, backing)).hasMessageContaining("ROM of 0x400 bytes");
    assertThatThrownBy(() -> bars.rom(0x1800, backing)).hasMessageContaining("ROM of 0x1800");
    assertThatThrownBy(() -> bars.rom(32 << 20, backing)).hasMessageContaining("ROM of 0x2000000");
    assertThatThrownBy(() -> bars.memory64(2, 16, false, backing))
        .hasMessage("BAR 2: register 3 is not free");
  }
}
