package javelin.boot.guest.asm;

import static javelin.boot.guest.asm.Mem.abs;
import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class AssemblerTest {
  private static final HexFormat HEX = HexFormat.of();

  static List<InstructionTable.Row> rows() {
    return InstructionTable.ROWS;
  }

  @ParameterizedTest
  @MethodSource("rows")
  void shouldEncodeAsPinned(InstructionTable.Row row) {
    assertThat(HEX.formatHex(row.assemble())).isEqualTo(row.hex());
  }

  @Test
  void shouldEncodeFarJumpToLabelWhenIn16And32BitCode() {
    Label l = new Label("target");
    Assembler a = new Assembler(0x1234_5670, Mode.BITS16);
    a.ljmp(0x10, l).mode(Mode.BITS32).label(l).ljmp(0x18, l);
    assertThat(HEX.formatHex(a.assemble())).isEqualTo("66ea785634121000" + "ea785634121800");
  }

  @Test
  void shouldLoadAddressOfLabelAndIndexTables() {
    Label table = new Label("table");
    Assembler a = new Assembler(0x10_0000, Mode.BITS64);
    a.mov(RDI, table).mov(RAX, ptr(table, RCX, 8)).align(16).label(table).dq(table).dd(table);
    assertThat(HEX.formatHex(a.assemble()))
        .isEqualTo("bf10001000" + "488b04cd10001000" + "000000" + "1000100000000000" + "10001000");
  }

  @Test
  void shouldUseShortFormWhenJumpBackIsNearAndLongFormBeyond() {
    Label near = new Label("near");
    assertThat(assemble(a -> a.label(near).zero(126).jmp(near))).hasSize(128);
    Label far = new Label("far");
    assertThat(assemble(a -> a.label(far).zero(127).jmp(far))).hasSize(127 + 5);
  }

  @Test
  void shouldSplitHandlerAddressWhenBuildingGate() {
    Label handler = new Label("handler");
    Assembler a = new Assembler(0x1_2345_6000L, Mode.BITS64);
    a.idtGate64(0x18, handler).label(handler);
    assertThat(HEX.formatHex(a.assemble()))
        .isEqualTo("106018" + "00008e" + "4523" + "0100000000000000");
  }

  @Test
  void shouldBuildTablePointerAndDescriptors() {
    Label gdt = new Label("gdt");
    Assembler a = new Assembler(0x2000, Mode.BITS64);
    a.label(gdt).gdtCode64().gdtCode32().gdtData().tablePointer(24, gdt);
    assertThat(HEX.formatHex(a.assemble()))
        .isEqualTo(
            "ffff0000009baf00" + "ffff0000009bcf00" + "ffff00000093cf00" + "17000020000000000000");
  }

  @Test
  void shouldRefuseLabelWhenMissingPlacedTwiceOrOutOfReach() {
    Label lost = new Label("lost");
    Assembler a = new Assembler(0, Mode.BITS64).jmp(lost);
    assertThatThrownBy(a::assemble)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("lost");

    Label twice = new Label("twice");
    Assembler b = new Assembler(0, Mode.BITS64).label(twice);
    assertThatThrownBy(() -> b.label(twice)).hasMessageContaining("placed twice");

    Label high = new Label("high");
    Assembler c = new Assembler(1L << 32, Mode.BITS64).label(high).mov(RAX, high);
    assertThatThrownBy(c::assemble).hasMessageContaining("out of reach");

    Label far = new Label("far");
    Assembler d = new Assembler(0, Mode.BITS16).jmp(far).zero(0x8000).label(far);
    assertThatThrownBy(d::assemble).hasMessageContaining("out of reach");
  }

  static Stream<Consumer<Assembler>> impossible() {
    return Stream.of(
        a -> a.mov(RAX, EBX),
        a -> a.mov(AL, 0x100),
        a -> a.mov(EAX, 0x1_0000_0000L),
        a -> a.add(RAX, 0x8000_0000L),
        a -> a.mov(Width.QWORD, ptr(RAX), 0x8000_0000L),
        a -> a.mov(RAX, ptr(AX)),
        a -> a.mov(RAX, ptr(RBX, RSP, 1, 0)),
        a -> a.mov(RAX, ptr(RBX, RCX, 3, 0)),
        a -> a.mov(RAX, ptr(RBX, ECX, 1, 0)),
        a -> a.in(EBX, 0x60),
        a -> a.in(AL, 0x100),
        a -> a.outDx(RAX),
        a -> a.shl(EAX, 32),
        a -> a.movzx(EAX, Width.DWORD, EBX),
        a -> a.mov(Seg.CS, EAX),
        a -> a.mov(ControlReg.CR0, EAX),
        a -> a.ljmp(8, new Label("l")),
        a -> a.push(EAX),
        a -> a.mode(Mode.BITS32).mov(RAX, 1L << 32),
        a -> a.mode(Mode.BITS32).push(RAX),
        a -> a.mode(Mode.BITS32).mov(EAX, ptr(RBX)),
        a -> a.mode(Mode.BITS16).mov(AX, abs(0x1_0000)),
        a -> a.asciz("caf\u00e9"));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void shouldRefuseOperandsWhenNoEncodingExists(Consumer<Assembler> code) {
    assertThatThrownBy(() -> assemble(code)).isInstanceOf(IllegalArgumentException.class);
  }

  private static byte[] assemble(Consumer<Assembler> code) {
    Assembler a = new Assembler(0, Mode.BITS64);
    code.accept(a);
    return a.assemble();
  }
}
