package javelin.perf.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleLinesTest {
  private final List<String> lines = new ArrayList<>();
  private final ConsoleLines console = new ConsoleLines(8, lines::add);

  private void write(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    console.accept(bytes, 0, bytes.length);
  }

  @Test
  void shouldPassOnWholeLinesWithoutTheirEnds() {
    write("one\r\n\r\ntw");
    assertThat(lines).containsExactly("one", "");
    write("o\nthree");
    assertThat(lines).containsExactly("one", "", "two");
  }

  @Test
  void shouldCutALineWhenItIsTooLong() {
    write("x".repeat(1_000_000) + "\nnext\n");
    assertThat(lines).containsExactly("xxxxxxxx", "next");
  }
}
