package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class GuestTextTest {
  private final AtomicInteger ended = new AtomicInteger();
  private final GuestText text = new GuestText(4, ended::incrementAndGet);

  private void write(String what) {
    for (byte value : what.getBytes(StandardCharsets.ISO_8859_1)) {
      text.write(value);
    }
  }

  @Test
  void shouldKeepSamplesApartFromWhatIsForPeople() {
    write("Clock   TSC 2000 MHz: ok\r\n@case read\r\n@ticks 1f 20\r\nhello\r\n@done\r\n");
    assertThat(text.samples().find("read").ticks()).containsExactly(0x1f, 0x20);
    assertThat(text.samples().isDone()).isTrue();
    assertThat(text.lastWords()).isEqualTo("Clock   TSC 2000 MHz: ok / hello");
    assertThat(ended).hasValue(0);
  }

  @Test
  void shouldEndAGuestThatBreaksTheForm() {
    write("@case read\r\n@ticks 1 2 3 4 5\r\n@ticks 1\r\n");
    assertThat(text.mistake()).hasMessageContaining("too many samples");
    assertThat(ended).hasValue(1);
  }

  @Test
  void shouldNameTheFailureWhereThereIsOne() {
    write("  nvme: I/O queues [FAILED: a completion queue]\r\nmore\r\n");
    assertThat(text.lastWords()).isEqualTo("nvme: I/O queues [FAILED: a completion queue]");
  }
}
