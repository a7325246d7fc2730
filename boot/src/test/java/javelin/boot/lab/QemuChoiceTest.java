package javelin.boot.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuChoiceTest {
  private static final QemuProgram OLD = program("old", 7, 2);
  private static final QemuProgram RELIABLE = program("reliable", 10, 2);
  private static final QemuProgram FETCHED = program("fetched", 11, 1);

  @TempDir private Path folder;
  private final ByteArrayOutputStream messages = new ByteArrayOutputStream();

  private static QemuProgram program(String name, int major, int minor) {
    return new QemuProgram(List.of(name), new QemuRelease(major, minor));
  }

  private static Supplier<QemuProgram> failing(String message) {
    return () -> {
      throw new LabException(message);
    };
  }

  private QemuProgram choose(Supplier<QemuProgram> installed, Supplier<QemuProgram> fetched) {
    PrintStream out = new PrintStream(messages, true, UTF_8);
    return new QemuChoice(installed, fetched, out).choose(null);
  }

  @Test
  void shouldFetchNothingWhereTheInstalledOneIsReliable() {
    assertThat(choose(() -> RELIABLE, failing("not asked for"))).isEqualTo(RELIABLE);
  }

  @Test
  void shouldFetchOneWhereTheInstalledOneIsOldOrMissing() {
    assertThat(choose(() -> OLD, () -> FETCHED)).isEqualTo(FETCHED);
    assertThat(choose(failing("apt install qemu"), () -> FETCHED)).isEqualTo(FETCHED);
    assertThat(messages.toString(UTF_8)).isEmpty();
  }

  @Test
  void shouldMakeDoWithAnOldOneAndSayWhy() {
    assertThat(choose(() -> OLD, failing("no network"))).isEqualTo(OLD);
    assertThat(messages.toString(UTF_8))
        .startsWith("javelin: QEMU 7.2 loses an interrupt")
        .contains("10.2 or newer cannot be fetched: no network");
  }

  @Test
  void shouldSayWhatToInstallWhereThereIsNone() {
    assertThatThrownBy(() -> choose(failing("apt install qemu"), failing("no network")))
        .isInstanceOf(LabException.class)
        .hasMessage("apt install qemu");
  }

  @Test
  void shouldTakeTheOneThatTheUserNames() throws Exception {
    Path named = LabFixture.program(folder, "qemu", "echo QEMU emulator version 8.2.1 '(Debian)'");
    PrintStream out = new PrintStream(messages, true, UTF_8);
    QemuProgram chosen = new QemuChoice(failing("unasked"), failing("unasked"), out).choose(named);
    assertThat(chosen).isEqualTo(new QemuProgram(List.of(named.toString()), new QemuRelease(8, 2)));
  }

  @Test
  void shouldRefuseAProgramThatIsNoQemu() throws Exception {
    Path named = LabFixture.program(folder, "other", "echo something else");
    PrintStream out = new PrintStream(messages, true, UTF_8);
    QemuChoice choice = new QemuChoice(failing("unasked"), failing("unasked"), out);
    assertThatThrownBy(() -> choice.choose(named))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("this is no QEMU")
        .hasMessageContaining("something else");
  }

  @Test
  void shouldCompareReleasesAsNumbers() {
    assertThat(new QemuRelease(10, 2).isAtLeast(new QemuRelease(9, 10))).isTrue();
    assertThat(new QemuRelease(10, 1).isAtLeast(new QemuRelease(10, 2))).isFalse();
    assertThat(new QemuRelease(10, 10).isAtLeast(new QemuRelease(10, 2))).isTrue();
  }
}
