package javelin.boot.guest.bench;

import static javelin.boot.guest.asm.Mem.ptr;
import static javelin.boot.guest.asm.Reg.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.QemuGuest;
import javelin.boot.guest.asm.Assembler;
import javelin.boot.guest.asm.Cond;
import javelin.boot.guest.asm.Label;
import javelin.boot.guest.asm.Mode;
import javelin.boot.guest.runtime.CheckingGuest;
import javelin.boot.guest.runtime.GuestRuntime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SampleLogTest {
  private static final int CAPACITY = 40;

  @TempDir Path folder;

  /** Stores what it is told to, and measures nothing but the reading of the counter. */
  private static final class LoggingGuest extends CheckingGuest {
    private final SampleLog log = new SampleLog(r, CAPACITY);

    LoggingGuest() {
      super("logging", QemuGuest.SLEEP_TYPE);
    }

    static GuestProgram program() {
      return new LoggingGuest().assemble();
    }

    @Override
    protected void emitChecks() {
      checkAcpi();
      a.mov(EAX, 2600).mov(ptr(r.tscPerUs), EAX);
      log.clock();
      log.begin("known");
      for (long value : List.of(1L, 0L, 0xabcdef01234L, -1L)) {
        a.mov(RAX, value);
        log.store();
      }
      a.mov(EBX, 77);
      log.count("answer", RBX);
      log.end();
      log.begin("full");
      storeNumbers(CAPACITY + 3);
      log.end();
      log.begin("warm");
      storeNumbers(5);
      log.clear();
      storeNumbers(16);
      log.end();
      log.begin("empty");
      log.end();
      log.skip("missing", "there is none here");
      log.begin("timed");
      for (int i = 0; i < 3; i++) {
        log.time(() -> a.pause());
      }
      log.end();
      log.done();
    }

    private void storeNumbers(int count) {
      Label again = new Label("store again");
      a.mov(EBX, 1).label(again).mov(RAX, RBX);
      log.store();
      a.inc(RBX).cmp(RBX, count).j(Cond.BE, again);
    }

    @Override
    protected void emitRoutines() {
      log.emitRoutines();
    }
  }

  private static String numbers(int from, int to) {
    return LongStream.rangeClosed(from, to)
        .mapToObj(Long::toHexString)
        .collect(Collectors.joining(" ", "@ticks ", ""));
  }

  @Test
  void shouldHandOverWhatTheGuestHasStored() throws Exception {
    QemuGuest.Run run =
        QemuGuest.run(folder, LoggingGuest.program(), "1", "128", QemuGuest.DEBUG_EXIT);

    List<String> lines =
        Arrays.stream(run.console().split("\r\n", -1))
            .filter(line -> line.startsWith("@"))
            .toList();
    assertThat(lines.subList(0, lines.size() - 2))
        .containsExactly(
            "@count tsc-khz 2600000",
            "@case known",
            "@count answer 77",
            "@ticks 1 0 abcdef01234 ffffffffffffffff",
            "@case full",
            numbers(1, 16),
            numbers(17, 32),
            numbers(33, 40),
            "@count dropped 3",
            "@case warm",
            numbers(1, 16),
            "@case empty",
            "@skip missing there is none here",
            "@case timed");
    assertThat(lines.get(lines.size() - 2)).matches("@ticks( [1-9a-f][0-9a-f]*){3}");
    assertThat(lines.get(lines.size() - 1)).isEqualTo("@done");
    assertThat(run.console()).doesNotContain("FAILED");
  }

  @Test
  void shouldRefuseNamesAndReasonsThatTheTextCannotHold() {
    SampleLog log = new SampleLog(new GuestRuntime(new Assembler(0x1000, Mode.BITS64)), 1);
    assertThatThrownBy(() -> log.begin("two words")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> log.begin("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> log.skip("x", " ")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> log.skip("x", "a\nb")).isInstanceOf(IllegalArgumentException.class);
  }
}
