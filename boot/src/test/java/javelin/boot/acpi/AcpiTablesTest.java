package javelin.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import org.junit.jupiter.api.Test;

class AcpiTablesTest {
  private static final int FADT_BOOT_FLAGS = 109;
  private static final int FADT_FLAGS = 112;

  @Test
  void shouldLeadFromRsdpToEveryTableWhenBuilt() {
    AcpiImage image = AcpiTables.build(TestMachines.machine(2), AcpiTables.AREA_START);
    TableReader reader = new TableReader(image);
    ByteBuffer rsdp = reader.rsdp();

    assertThat(image.rsdpAddress()).isEqualTo(0xE0000);
    assertThat(TableReader.text(rsdp, 0, 8)).isEqualTo("RSD PTR ");
    assertThat(rsdp.get(15)).as("revision").isEqualTo((byte) 2);
    assertThat(rsdp.getInt(20)).as("length").isEqualTo(36);
    assertThat(TableReader.sum(rsdp, 20)).isZero();
    assertThat(TableReader.sum(rsdp, 36)).isZero();
    assertThat(reader.tables().keySet())
        .containsExactlyInAnyOrder("FACP", "APIC", "MCFG", "DSDT", "FACS");
    assertThat(reader.listed(reader.rsdtAddress(), Integer.BYTES))
        .isEqualTo(reader.listed(reader.xsdtAddress(), Long.BYTES));
  }

  @Test
  void shouldPointToAlignedFacsAndSameDsdtTwiceWhenFadtIsBuilt() {
    ByteBuffer fadt = table("FACP", TestMachines.machine(1));
    assertThat(fadt.capacity()).isEqualTo(276);
    assertThat(fadt.get(8)).as("revision").isEqualTo((byte) 6);
    assertThat(fadt.getInt(36) % 64).as("alignment of the FACS").isZero();
    assertThat(fadt.getLong(132)).as("X_FIRMWARE_CTRL").isZero();
    assertThat(Integer.toUnsignedLong(fadt.getInt(40))).isEqualTo(fadt.getLong(140));
  }

  @Test
  void shouldNameSameRegistersInBothFormsWhenFadtIsBuilt() {
    ByteBuffer fadt = table("FACP", TestMachines.machine(1));
    assertThat(fadt.getShort(46)).as("SCI").isEqualTo((short) 9);
    assertThat(fadt.getInt(48)).as("SMI command port").isZero();
    assertRegister(fadt, 56, 148, 0x600, 32);
    assertRegister(fadt, 64, 172, 0x604, 16);
    assertRegister(fadt, 76, 208, 0x608, 32);
    assertRegister(fadt, 80, 220, 0x620, 64);
    assertThat(fadt.getLong(120)).as("reset port").isEqualTo(0xCF9);
    assertThat(fadt.get(128)).as("reset value").isEqualTo((byte) 0x06);
    assertThat(fadt.get(108)).as("century").isEqualTo((byte) 0x32);
    int flags = fadt.getInt(FADT_FLAGS);
    assertThat(flags & 1 << 20).as("hardware-reduced").isZero();
    assertThat(flags & 1 << 10).as("reset register supported").isNotZero();
    assertThat(flags & 1 << 8).as("32-bit timer").isNotZero();
    assertThat(flags & 1 << 4).as("power button is fixed hardware").isZero();
  }

  @Test
  void shouldFollowLegacyDevicesWhenBootFlagsAreSet() {
    assertThat(bootFlags(TestMachines.ALL_LEGACY)).isEqualTo(0b010111);
    assertThat(bootFlags(new LegacyDevices(List.of(), true, false))).isEqualTo(0b010100);
    assertThat(bootFlags(new LegacyDevices(List.of(), false, false))).isEqualTo(0b110100);
  }

  @Test
  void shouldListProcessorsAndWiringWhenMadtIsBuilt() {
    ByteBuffer madt = table("APIC", TestMachines.machine(List.of(0, 2), true, noLegacy()));
    assertThat(madt.getInt(36)).isEqualTo(0xFEE0_0000);
    assertThat(madt.getInt(40)).as("PCAT_COMPAT").isEqualTo(1);
    assertThat(entries(madt))
        .containsExactly(
            "00 08 00 00 01 00 00 00",
            "00 08 01 02 01 00 00 00",
            "01 0C 00 00 00 00 C0 FE 00 00 00 00",
            "02 0A 00 00 02 00 00 00 05 00",
            "02 0A 00 09 09 00 00 00 0D 00",
            "04 06 FF 00 00 01");
  }

  @Test
  void shouldUseX2ApicEntriesWhenIdsDoNotFitAByte() {
    ByteBuffer madt = table("APIC", TestMachines.machine(List.of(254, 255, 256), true, noLegacy()));
    assertThat(entries(madt))
        .contains(
            "00 08 00 FE 01 00 00 00",
            "09 10 00 00 FF 00 00 00 01 00 00 00 01 00 00 00",
            "09 10 00 00 00 01 00 00 01 00 00 00 02 00 00 00",
            "04 06 FF 00 00 01",
            "0A 0C 00 00 FF FF FF FF 01 00 00 00");
  }

  @Test
  void shouldCoverAllBusesWhenMcfgIsBuilt() {
    ByteBuffer mcfg = table("MCFG", TestMachines.machine(1));
    assertThat(mcfg.capacity()).isEqualTo(60);
    assertThat(mcfg.getLong(44)).isEqualTo(0xE000_0000L);
    assertThat(mcfg.getShort(52)).as("segment").isZero();
    assertThat(mcfg.get(54)).as("first bus").isZero();
    assertThat(mcfg.get(55)).as("last bus").isEqualTo((byte) 255);
  }

  @Test
  void shouldFitBiosAreaWhenMachineHasMostCpus() {
    byte[] bytes = AcpiTables.build(TestMachines.machine(64), AcpiTables.AREA_START).bytes();
    assertThat(bytes.length).isLessThan(0x2_0000);
  }

  @Test
  void shouldLinkForItsAddressWhenPlacedElsewhere() {
    AcpiImage image = AcpiTables.build(TestMachines.machine(4), 0xF_0010);
    assertThat(image.rsdpAddress()).isEqualTo(0xF_0010);
    ByteBuffer fadt = new TableReader(image).tables().get("FACP");
    assertThat(fadt.getInt(36) % 64).as("alignment of the FACS").isZero();
  }

  @Test
  void shouldSayWhatIsLeftWhenTablesDoNotFit() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> AcpiTables.build(TestMachines.machine(64), 0xF_FF00))
        .withMessageContaining("only 256 are left below 1 MiB");
  }

  @Test
  void shouldRefuseAddressWhenNoGuestWouldSearchThere() {
    for (long address : new long[] {0, 0xD_FFF0, 0xE_0008, 0x10_0000, -16}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> AcpiTables.build(TestMachines.machine(1), address))
          .withMessageContaining("multiple of 16 in 0xe0000..0xfffff");
    }
  }

  private static void assertRegister(ByteBuffer fadt, int offset, int x, int port, int bits) {
    assertThat(fadt.getInt(offset)).isEqualTo(port);
    assertThat(fadt.get(x)).as("address space").isEqualTo((byte) 1);
    assertThat(fadt.get(x + 1)).as("bits").isEqualTo((byte) bits);
    assertThat(fadt.getLong(x + 4)).isEqualTo(port);
  }

  private static int bootFlags(LegacyDevices legacy) {
    AcpiMachine machine = TestMachines.machine(List.of(0), true, legacy);
    return table("FACP", machine).getShort(FADT_BOOT_FLAGS);
  }

  private static LegacyDevices noLegacy() {
    return new LegacyDevices(List.of(), false, false);
  }

  private static ByteBuffer table(String signature, AcpiMachine machine) {
    Map<String, ByteBuffer> tables =
        new TableReader(AcpiTables.build(machine, AcpiTables.AREA_START)).tables();
    return tables.get(signature);
  }

  private static List<String> entries(ByteBuffer madt) {
    List<String> entries = new ArrayList<>();
    int at = 44;
    while (at < madt.capacity()) {
      int length = madt.get(at + 1);
      entries.add(
          HexFormat.ofDelimiter(" ")
              .withUpperCase()
              .formatHex(TableReader.bytes(madt, at, length)));
      at += length;
    }
    return entries;
  }
}
