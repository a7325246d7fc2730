package javelin.boot.acpi.aml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmlTest {
  @ParameterizedTest
  @CsvSource({
    "0, 01",
    "62, 3F",
    "63, 41 04",
    "4093, 4F FF",
    "4094, 81 00 01",
    "1048572, 8F FF FF",
    "1048573, C1 00 00 01",
    "268435451, CF FF FF FF"
  })
  void shouldCountItselfWhenPackageLengthIsAtABorder(int content, String expected) {
    ByteWriter out = new ByteWriter();
    PkgLength.write(out, content);
    assertThat(hex(out.toByteArray())).isEqualTo(expected);
  }

  @Test
  void shouldRefuseWhenPackageIsBeyondFourLengthBytes() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PkgLength.write(new ByteWriter(), 268_435_452))
        .withMessageContaining("268435452 bytes");
  }

  @ParameterizedTest
  @CsvSource({
    "_SB, 5F 53 42 5F",
    "\\, 5C 00",
    "^A, 5E 41 5F 5F 5F",
    "\\_SB.PCI0, 5C 2E 5F 53 42 5F 50 43 49 30",
    "A.B.C, 2F 03 41 5F 5F 5F 42 5F 5F 5F 43 5F 5F 5F"
  })
  void shouldEncodePathWhenItIsValid(String path, String expected) {
    assertThat(hex(Aml.path(path))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abcd", "1ABC", "ABCDE", "A..B", "A.", "A^B"})
  void shouldRefusePathWhenASegmentIsNoName(String path) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Aml.path(path))
        .withMessageContaining("name");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 00",
    "1, 01",
    "2, 0A 02",
    "255, 0A FF",
    "256, 0B 00 01",
    "65535, 0B FF FF",
    "65536, 0C 00 00 01 00",
    "4294967295, 0C FF FF FF FF",
    "4294967296, 0E 00 00 00 00 01 00 00 00",
    "-1, 0E FF FF FF FF FF FF FF FF"
  })
  void shouldTakeShortestFormWhenEncodingIntegers(long value, String expected) {
    assertThat(hex(Aml.integer(value))).isEqualTo(expected);
  }

  @Test
  void shouldPackLettersAndDigitsWhenEncodingEisaIds() {
    assertThat(hex(Aml.eisaId("PNP0A08"))).isEqualTo("0C 41 D0 0A 08");
    assertThatIllegalArgumentException().isThrownBy(() -> Aml.eisaId("ACPI0007"));
  }

  @Test
  void shouldMixByteOrdersWhenEncodingUuids() {
    assertThat(hex(Aml.uuid("33DB4D5B-1FF7-401C-9657-7441C03DD766")))
        .isEqualTo("11 13 0A 10 5B 4D DB 33 F7 1F 1C 40 96 57 74 41 C0 3D D7 66");
  }

  @Test
  void shouldPutLengthBetweenOpcodeAndNameWhenEncodingScopes() {
    Term device = Aml.device("DEV", List.of(Aml.name("_UID", Aml.integer(3))));
    assertThat(hex(Aml.scope("_SB", List.of(device))))
        .isEqualTo("10 13 5F 53 42 5F 5B 82 0C 44 45 56 5F 08 5F 55 49 44 0A 03");
  }

  @Test
  void shouldEncodeArgumentsAndFlagsWhenEncodingMethods() {
    Term method = Aml.serializedMethod("_OSC", 4, List.of(Aml.returnValue(Aml.arg(3))));
    assertThat(hex(method)).isEqualTo("14 08 5F 4F 53 43 0C A4 6B");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Aml.serializedMethod("M", 8, List.of()))
        .withMessageContaining("0 to 7");
  }

  @Test
  void shouldEncodeOperandsInOrderWhenEncodingExpressions() {
    Term sum = Aml.and(Aml.local(0), Aml.integer(0x1D), Aml.local(7));
    assertThat(hex(sum)).isEqualTo("7B 60 0A 1D 67");
    assertThat(hex(Aml.ifThen(Aml.not(Aml.equal(Aml.arg(0), Aml.arg(1))), List.of(sum))))
        .isEqualTo("A0 0A 92 93 68 69 7B 60 0A 1D 67");
    assertThatIllegalArgumentException().isThrownBy(() -> Aml.local(8));
    assertThatIllegalArgumentException().isThrownBy(() -> Aml.arg(7));
  }

  @Test
  void shouldCountElementsWhenEncodingPackages() {
    assertThat(hex(Aml.packageOf(List.of(Aml.integer(5), Aml.string("A")))))
        .isEqualTo("12 07 02 0A 05 0D 41 00");
    List<Term> many = Stream.generate(() -> Aml.integer(0)).limit(256).collect(Collectors.toList());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Aml.packageOf(many))
        .withMessageContaining("256");
  }

  @Test
  void shouldRefuseTextWhenItIsNotAscii() {
    assertThatIllegalArgumentException().isThrownBy(() -> Aml.string("\u00e9"));
  }

  @Test
  void shouldEndWithEndTagWhenEncodingResources() {
    Term resources = new ResourceTemplate().io(0x3F8, 8).isaIrq(4).toTerm();
    assertThat(hex(resources)).isEqualTo("11 10 0A 0D 47 01 F8 03 F8 03 01 08 22 10 00 79 00");
  }

  @Test
  void shouldTakeQwordDescriptorWhenMemoryLeavesLow4GiB() {
    assertThat(hex(new ResourceTemplate().memory(0xE000_0000L, 0xEFFF_FFFFL).toTerm()))
        .endsWith("86 09 00 01 00 00 00 E0 00 00 00 10 79 00");
    assertThat(hex(new ResourceTemplate().memory(0x1_0000_0000L, 0x1_0FFF_FFFFL).toTerm()))
        .contains("8A 2B 00 00 0D 01");
  }

  @Test
  void shouldRefuseValueWhenItDoesNotFitItsField() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ByteWriter().u8(0x100))
        .withMessageContaining("0x100 does not fit in an unsigned 8-bit field");
    assertThatIllegalArgumentException().isThrownBy(() -> new ByteWriter().u16(-1));
    assertThatIllegalArgumentException().isThrownBy(() -> new ByteWriter().u32(1L << 32));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ByteWriter().ascii("ABCDE", 4, ' '))
        .withMessageContaining("ABCDE");
    assertThatIllegalArgumentException().isThrownBy(() -> new ResourceTemplate().isaIrq(16));
  }

  private static String hex(Term term) {
    return hex(term.toByteArray());
  }

  private static String hex(byte[] bytes) {
    return HexFormat.ofDelimiter(" ").withUpperCase().formatHex(bytes);
  }
}
