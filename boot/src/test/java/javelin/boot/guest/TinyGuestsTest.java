package javelin.boot.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import javelin.boot.guest.TinyGuests.Exit;
import org.junit.jupiter.api.Test;

final class TinyGuestsTest {
  @Test
  void shouldConsistOfTheInstructionsNamed() {
    assertThat(hex(TinyGuests.spin())).isEqualTo("fa" + "ebfe");
    assertThat(hex(TinyGuests.halt())).isEqualTo("fa" + "f4" + "ebfd");
    assertThat(hex(TinyGuests.tripleFault()))
        .isEqualTo("0f011d02000000" + "0f0b" + "00000000000000000000");
    assertThat(hex(TinyGuests.debugExit(7)))
        .isEqualTo("b807000000" + "e6f4" + "fa" + "f4" + "ebfd");
  }

  @Test
  void shouldRepeatTheExitAsOftenAsAsked() {
    String end = "48ffcf" + "75fa" + "b800000000" + "e6f4" + "fa" + "f4" + "ebfd";
    assertThat(hex(TinyGuests.exitLoop(Exit.PORT_WRITE, 0x80, 1000)))
        .isEqualTo("bfe8030000" + "31c0" + "ba80000000" + "ee" + end);
    assertThat(hex(TinyGuests.exitLoop(Exit.PORT_READ, 0x3f8)))
        .isEqualTo("31c0" + "baf8030000" + "ec" + end);
    assertThat(hex(TinyGuests.exitLoop(Exit.MMIO_WRITE, 0xff00_0000L)))
        .startsWith("31c0" + "bb000000ff" + "8903" + "48ffcf");
    assertThat(hex(TinyGuests.exitLoop(Exit.CPUID, 0))).contains("31c0" + "0fa2" + "48ffcf");
  }

  @Test
  void shouldRefuseTargetOrCountThatNoLoopCanHave() {
    assertThatThrownBy(() -> TinyGuests.exitLoop(Exit.PORT_WRITE, 0x1_0000, 1))
        .hasMessageContaining("0x10000 is out of reach of PORT_WRITE");
    assertThatThrownBy(() -> TinyGuests.exitLoop(Exit.MMIO_READ, 1L << 32, 1))
        .hasMessageContaining("out of reach");
    assertThatThrownBy(() -> TinyGuests.exitLoop(Exit.CPUID, 0, 0))
        .hasMessageContaining("0 rounds");
  }

  private static String hex(byte[] code) {
    return HexFormat.of().formatHex(code);
  }
}
