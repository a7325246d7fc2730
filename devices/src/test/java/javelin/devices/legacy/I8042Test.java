package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.HostileAccesses;
import javelin.devices.RecordingLine;
import javelin.devices.RecordingPower;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class I8042Test {
  private static final int DATA = 0x60;
  private static final int COMMAND = 0x64;

  private final RecordingLine keyboardIrq = new RecordingLine();
  private final RecordingLine auxIrq = new RecordingLine();
  private final RecordingPower power = new RecordingPower();
  private final I8042 controller = new I8042(keyboardIrq, auxIrq, power);
  private final IoSpace ports = IoSpace.ports();

  I8042Test() {
    controller.attach(ports, DATA, COMMAND);
  }

  private void command(int value) {
    ports.write(COMMAND, 1, value);
  }

  private void data(int value) {
    ports.write(DATA, 1, value);
  }

  private int status() {
    return (int) ports.read(COMMAND, 1);
  }

  /** All that waits, with 0x100 for what comes from the mouse. */
  private List<Integer> answers() {
    List<Integer> answers = new ArrayList<>();
    while ((status() & 1) != 0) {
      int source = (status() & 0x20) << 3;
      answers.add((int) ports.read(DATA, 1) | source);
    }
    return answers;
  }

  @Test
  void shouldAnswerEachStepAtOnceWhenLinuxProbes() {
    // drivers/input/serio/i8042.c: flush, controller check, AUX loop, AUX test, keyboard test.
    assertThat(answers()).isEmpty();
    command(0x20);
    assertThat(answers()).containsExactly(0x65);
    command(0xaa);
    assertThat(answers()).containsExactly(0x55);
    command(0xd3);
    data(0x5a);
    assertThat(answers()).containsExactly(0x15a);
    command(0xa7);
    command(0x20);
    assertThat(answers().get(0) & 0x20).isEqualTo(0x20);
    command(0xa8);
    command(0x20);
    assertThat(answers().get(0) & 0x20).isZero();
    command(0xa9);
    command(0xab);
    assertThat(answers()).containsExactly(0, 0);
  }

  @Test
  void shouldInterruptOnIrq12WhenTheAuxBufferIsWritten() {
    command(0x60);
    data(0x47);
    command(0xd3);
    data(0xa5);
    assertThat(auxIrq.active()).isTrue();
    assertThat(keyboardIrq.active()).isFalse();
    assertThat(ports.read(DATA, 1)).isEqualTo(0xa5);
    assertThat(auxIrq.active()).isFalse();
  }

  @Test
  void shouldIdentifyAKeyboardWhenAtkbdProbes() {
    data(0xff);
    assertThat(keyboardIrq.active()).isTrue();
    assertThat(answers()).containsExactly(0xfa, 0xaa);
    assertThat(keyboardIrq.edges()).isEqualTo(2);
    data(0xf2);
    assertThat(answers()).containsExactly(0xfa, 0xab, 0x83);
    data(0xed);
    data(0x07);
    assertThat(answers()).containsExactly(0xfa, 0xfa);
    data(0xf0);
    data(0x00);
    assertThat(answers()).containsExactly(0xfa, 0xfa, 0x02);
    data(0xfe);
    assertThat(answers()).containsExactly(0x02);
    data(0xee);
    data(0xf4);
    data(0x12);
    assertThat(answers()).containsExactly(0xee, 0xfa, 0xfe);
  }

  @Test
  void shouldIdentifyAMouseWhenPsmouseProbes() {
    int[] bytes = {0xff, 0xf2, 0xe8, 0x03, 0xe9, 0xf3, 0xc8, 0xeb, 0x12};
    List<Integer> all = new ArrayList<>();
    for (int value : bytes) {
      command(0xd4);
      data(value);
      all.addAll(answers());
    }
    assertThat(all)
        .containsExactly(
            0x1fa, 0x1aa, 0x100, 0x1fa, 0x100, 0x1fa, 0x1fa, 0x1fa, 0x100, 0x102, 0x164, 0x1fa,
            0x1fa, 0x1fa, 0x108, 0x100, 0x100, 0x1fe);
  }

  @Test
  void shouldResetTheMachineWhenTheGuestPulsesTheLine() {
    command(0xff);
    command(0xfd);
    assertThat(power.requests()).isEmpty();
    command(0xfe);
    assertThat(power.requests()).containsExactly("reset");
    command(0xd1);
    data(0x02);
    assertThat(power.requests()).hasSize(2);
  }

  @Test
  void shouldRememberTheA20GateWhenItIsSet() {
    command(0xd0);
    assertThat(answers()).containsExactly(0x03);
    command(0xd1);
    data(0x01);
    command(0xd0);
    assertThat(answers()).containsExactly(0x01);
    command(0xdf);
    command(0xd0);
    assertThat(answers()).containsExactly(0x03);
    assertThat(power.requests()).isEmpty();
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    command(0x60);
    data(0x47);
    command(0x7f);
    data(0x12);
    data(0xff);
    command(0xd4);
    controller.reset();
    assertThat(keyboardIrq.active()).isFalse();
    assertThat(status()).isEqualTo(0x14);
    command(0x20);
    command(0x3f);
    assertThat(answers()).containsExactly(0x65, 0);
    data(0xf2);
    assertThat(answers()).containsExactly(0xfa, 0xab, 0x83);
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    HostileAccesses.run(ports, 0x8042);
    controller.reset();
    assertThat(answers()).isEmpty();
  }
}
