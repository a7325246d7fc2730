package javelin.boot.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javelin.boot.acpi.AcpiMachine.AddressRange;
import javelin.boot.acpi.AcpiMachine.LegacyDevices;
import javelin.boot.acpi.AcpiMachine.PciRoot;
import javelin.boot.acpi.AcpiMachine.SerialPort;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Shows the tables to ACPICA, whose interpreter is the one that Linux runs. */
class AcpicaTest {
  private static final LegacyDevices NO_LEGACY = new LegacyDevices(List.of(), false, false);
  private static final Pattern ROUTE =
      Pattern.compile(
          "Package \\(0x04\\)\\s*\\{\\s*(\\w+),\\s*(\\w+),\\s*Zero,\\s*0x(\\w+)\\s*\\}");
  private static final String HOST_BRIDGE_UUID =
      "(5B 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66)";
  private static final String OTHER_UUID = "(5C 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66)";

  @TempDir Path directory;

  static Stream<Arguments> machines() {
    LegacyDevices legacy = TestMachines.ALL_LEGACY;
    LegacyDevices fourSerialPorts =
        new LegacyDevices(
            List.of(
                new SerialPort(0x3F8, 4),
                new SerialPort(0x2F8, 3),
                new SerialPort(0x3E8, 4),
                new SerialPort(0x2E8, 3)),
            true,
            false);
    return Stream.of(
        argumentSet("1 CPU", machine(0, 1, 1, true, legacy)),
        argumentSet("1 CPU, no 64-bit window", machine(0, 1, 1, false, legacy)),
        argumentSet("2 CPUs", machine(0, 1, 2, true, legacy)),
        argumentSet("2 CPUs, no 64-bit window", machine(0, 1, 2, false, legacy)),
        argumentSet("64 CPUs", machine(0, 1, 64, true, legacy)),
        argumentSet("64 CPUs, no 64-bit window", machine(0, 1, 64, false, legacy)),
        argumentSet("APIC ids across 255", machine(192, 2, 64, true, legacy)),
        argumentSet("APIC ids above 255", machine(256, 1, 64, false, legacy)),
        argumentSet("no legacy devices", machine(0, 1, 2, true, NO_LEGACY)),
        argumentSet("four serial ports", machine(0, 1, 2, true, fourSerialPorts)),
        argumentSet("ECAM above 4 GiB", withHighEcam()));
  }

  @ParameterizedTest
  @MethodSource("machines")
  void shouldComeBackTheSameWhenTakenApartAndCompiled(AcpiMachine machine) throws Exception {
    Acpica acpica = Acpica.in(directory);
    for (Map.Entry<String, ByteBuffer> entry : tables(machine).entrySet()) {
      String name = entry.getKey();
      byte[] table = bytes(entry.getValue());
      acpica.disassemble(name, table);
      byte[] compiled = acpica.recompile(name);
      if (!name.equals("FACS")) {
        // The compiler signs its work: checksum and creator are its own.
        for (byte[] each : List.of(table, compiled)) {
          each[9] = 0;
          Arrays.fill(each, 28, 36, (byte) 0);
        }
      }
      assertThat(compiled).as(name).isEqualTo(table);
    }
  }

  /** A few, as acpiexec takes a second for each. */
  static Stream<Arguments> machinesToInterpret() {
    return Stream.of(
        argumentSet("64 CPUs", TestMachines.machine(64)),
        argumentSet("little", machine(0, 1, 1, false, NO_LEGACY)),
        argumentSet("ECAM above 4 GiB", withHighEcam()));
  }

  @ParameterizedTest
  @MethodSource("machinesToInterpret")
  void shouldEvaluateEveryPredefinedNameWhenInterpreted(AcpiMachine machine) throws Exception {
    byte[] dsdt = bytes(tables(machine).get("DSDT"));
    String output = Acpica.in(directory).execute(dsdt, "test predefined; integrity");
    int legacy = machine.legacy().serialPorts().size();
    legacy += machine.legacy().rtc() ? 1 : 0;
    legacy += machine.legacy().i8042() ? 1 : 0;
    // Two names for a processor, eight for the root, three for each device behind it.
    int expected = 2 * machine.apicIds().size() + 8 + 3 * (1 + legacy);
    assertThat(Pattern.compile("\\\\_SB\\.\\S+ +returned AE_OK").matcher(output).results().count())
        .isEqualTo(expected);
    assertThat(output.lines().filter(line -> line.contains(" returned AE_")))
        .allMatch(line -> line.endsWith("AE_OK"));
  }

  @Test
  void shouldDescribeTheMachineWhenDsdtIsTakenApart() throws Exception {
    String source = disassembledDsdt(TestMachines.machine(64));
    assertThat(source)
        .contains(
            "Name (\\_S5, Package (0x04) // _S5_: S5 System State { 0x05, 0x05, Zero, Zero })")
        .contains("Device (C03F) { Name (_HID, \"ACPI0007\" /* Processor Device */)")
        .doesNotContain("Device (C040)")
        .contains("EisaId (\"PNP0A08\")", "EisaId (\"PNP0A03\")")
        .contains("PosDecode, 0x0000, // Granularity 0x0000, // Range Minimum 0x00FF,")
        .contains("EntireRange, 0x0000, // Granularity 0x0000, // Range Minimum 0x0CF7,")
        .contains("EntireRange, 0x0000, // Granularity 0x0D00, // Range Minimum 0xFFFF,")
        .contains("0xC0000000, // Range Minimum 0xDFFFFFFF, // Range Maximum")
        .contains("0x0000004000000000, // Range Minimum 0x0000007FFFFFFFFF, // Range Maximum")
        .contains("Memory32Fixed (ReadWrite, 0xE0000000, // Address Base 0x10000000,")
        .contains("EisaId (\"PNP0C02\")", "EisaId (\"PNP0501\")")
        .contains("EisaId (\"PNP0B00\")", "EisaId (\"PNP0303\")")
        .contains("0x03F8, // Range Minimum 0x03F8, // Range Maximum 0x01, // Alignment 0x08,")
        .contains("ToUUID (\"33db4d5b-1ff7-401c-9657-7441c03dd766\")")
        .contains("Method (_OSC, 4, Serialized)");
  }

  @Test
  void shouldLeaveOutWhatIsAbsentWhenDsdtIsTakenApart() throws Exception {
    AcpiMachine machine = machine(0, 1, 1, false, NO_LEGACY);
    assertThat(disassembledDsdt(machine))
        .contains("EisaId (\"PNP0C02\")")
        .doesNotContain("QWordMemory", "PNP0501", "PNP0B00", "PNP0303");
  }

  @Test
  void shouldRouteEveryPinByRuleWhenDsdtIsTakenApart() throws Exception {
    List<String> routes = new ArrayList<>();
    Matcher matcher = ROUTE.matcher(disassembledDsdt(TestMachines.machine(1)));
    while (matcher.find()) {
      long address = number(matcher.group(1));
      assertThat(address & 0xFFFF).as("function").isEqualTo(0xFFFF);
      routes.add(
          (address >> 16)
              + "/"
              + number(matcher.group(2))
              + " -> "
              + Integer.parseInt(matcher.group(3), 16));
    }
    List<String> expected = new ArrayList<>();
    for (int device = 0; device < 32; device++) {
      for (int pin = 0; pin < 4; pin++) {
        expected.add(device + "/" + pin + " -> " + (16 + ((device + pin) & 7)));
      }
    }
    assertThat(routes).isEqualTo(expected);
  }

  @Test
  void shouldGrantWhatIsAskedWhenAllOfItIsSupported() throws Exception {
    assertThat(osc(request(HOST_BRIDGE_UUID, 1, "1D"), request(HOST_BRIDGE_UUID, 1, "04")))
        .containsExactly(
            "00 00 00 00 1F 01 00 00 1D 00 00 00", "00 00 00 00 1F 01 00 00 04 00 00 00");
  }

  @Test
  void shouldMaskAndSaySoWhenMoreIsAskedThanSupported() throws Exception {
    assertThat(osc(request(HOST_BRIDGE_UUID, 1, "BF")))
        .containsExactly("10 00 00 00 1F 01 00 00 1D 00 00 00");
  }

  @Test
  void shouldRefuseControlWhenInterfaceOrRevisionIsUnknown() throws Exception {
    assertThat(osc(request(OTHER_UUID, 1, "1D"), request(HOST_BRIDGE_UUID, 2, "1D")))
        .containsExactly(
            "04 00 00 00 1F 01 00 00 1D 00 00 00", "08 00 00 00 1F 01 00 00 1D 00 00 00");
  }

  @Test
  void shouldReadTheSameFactsWhenFadtAndMadtAreTakenApart() throws Exception {
    Acpica acpica = Acpica.in(directory);
    Map<String, ByteBuffer> tables = tables(TestMachines.machine(List.of(0, 300), true, NO_LEGACY));
    String fadt = acpica.disassemble("FACP", bytes(tables.get("FACP")));
    assertThat(fadt)
        .containsPattern("Hardware Reduced \\(V5\\) : 0")
        .containsPattern("Reset Register Supported \\(V2\\) : 1")
        .containsPattern("Value to cause reset : 06")
        .containsPattern("CMOS RTC Not Present \\(V5\\) : 1");
    String madt = acpica.disassemble("APIC", bytes(tables.get("APIC")));
    assertThat(madt)
        .containsPattern("Processor x2Apic ID : 0000012C")
        .containsPattern("Source : 09\\s+.*Interrupt : 00000009")
        .containsPattern("Interrupt Input LINT : 01");
  }

  private static String request(String uuid, int revision, String control) {
    return "evaluate \\_SB.PCI0._OSC %s %d 3 (00 00 00 00 1F 01 00 00 %s 00 00 00)"
        .formatted(uuid, revision, control);
  }

  private List<String> osc(String... requests) throws Exception {
    byte[] dsdt = bytes(tables(TestMachines.machine(1)).get("DSDT"));
    String output = Acpica.in(directory).execute(dsdt, String.join("; ", requests));
    return Pattern.compile("\\[Buffer\\].* 0000: ((\\w\\w ){12})")
        .matcher(output)
        .results()
        .map(answer -> answer.group(1).trim())
        .toList();
  }

  private String disassembledDsdt(AcpiMachine machine) throws Exception {
    byte[] dsdt = bytes(tables(machine).get("DSDT"));
    return Acpica.in(directory).disassemble("DSDT", dsdt).replaceAll("\\s+", " ");
  }

  private static long number(String source) {
    return switch (source) {
      case "Zero" -> 0;
      case "One" -> 1;
      default -> Long.decode(source);
    };
  }

  private static Map<String, ByteBuffer> tables(AcpiMachine machine) {
    return new TableReader(AcpiTables.build(machine, AcpiTables.AREA_START)).tables();
  }

  private static byte[] bytes(ByteBuffer table) {
    return TableReader.bytes(table, 0, table.capacity());
  }

  private static AcpiMachine machine(
      int firstId, int step, int cpus, boolean window64, LegacyDevices legacy) {
    return TestMachines.machine(TestMachines.apicIds(firstId, step, cpus), window64, legacy);
  }

  private static AcpiMachine withHighEcam() {
    PciRoot pci =
        new PciRoot(
            new AddressRange(0x10_0000_0000L, 0x10_0FFF_FFFFL),
            TestMachines.IO_WINDOWS,
            TestMachines.MMIO32,
            Optional.of(TestMachines.MMIO64),
            TestMachines.INTX);
    return new AcpiMachine(
        List.of(0),
        0xFEE0_0000L,
        TestMachines.IO_APIC,
        TestMachines.power(),
        pci,
        TestMachines.ALL_LEGACY);
  }
}
