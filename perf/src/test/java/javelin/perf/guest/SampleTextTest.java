package javelin.perf.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleTextTest {
  private static final int MAX = 100;

  private final SampleText text = new SampleText(MAX);

  private void read(String... lines) {
    List.of(lines).forEach(text);
  }

  @Test
  void shouldKeepSamplesFiguresAndReasonsOfEachCase() {
    read(
        "Javelin exits guest",
        "@count tsc-khz 2600000\r",
        "@case cpuid",
        "@ticks 1a2 ff",
        "something else",
        "@ticks ffffffffffffffff",
        "@count dropped 3",
        "@skip ioeventfd QEMU has none at a fixed port",
        "@done");

    assertThat(text.isDone()).isTrue();
    assertThat(text.counts()).isEqualTo(Map.of("tsc-khz", 2_600_000L));
    assertThat(text.cases()).extracting(CaseSamples::name).containsExactly("cpuid", "ioeventfd");
    assertThat(text.find("cpuid").ticks()).containsExactly(0x1a2, 0xff, -1);
    assertThat(text.find("cpuid").counts()).isEqualTo(Map.of("dropped", 3L));
    assertThat(text.find("cpuid").skipped()).isEmpty();
    assertThat(text.find("ioeventfd").skipped()).contains("QEMU has none at a fixed port");
    assertThat(text.find("nothing")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@",
        "@cases x",
        "@case",
        "@case a b",
        "@case ",
        "@case known",
        "@skip known again",
        "@skip other",
        "@skip other  ",
        "@ticks",
        "@ticks ",
        "@ticks 1  2",
        "@ticks 0x1",
        "@ticks -1",
        "@ticks +1",
        "@ticks 1F",
        "@ticks 10000000000000000",
        "@count a",
        "@count a -1",
        "@count a 1 2",
        "@count a 9223372036854775808",
        "@count a ",
        "@done now"
      })
  void shouldRefuseALineWhenItIsNotOfTheText(String line) {
    read("@case known", "@ticks 1");

    assertThatThrownBy(() -> read(line))
        .isInstanceOf(SampleTextException.class)
        .hasMessageContaining(line);
    assertThat(text.find("known").ticks()).containsExactly(1);
  }

  @Test
  void shouldRefuseSamplesWhenNoCaseIsOpen() {
    assertThatThrownBy(() -> read("@ticks 1")).isInstanceOf(SampleTextException.class);
    read("@skip a because");
    assertThatThrownBy(() -> read("@ticks 1")).isInstanceOf(SampleTextException.class);
  }

  @Test
  void shouldRefuseWhatFollowsTheEnd() {
    read("@done");
    assertThatThrownBy(() -> read("@case late")).isInstanceOf(SampleTextException.class);
    read("Power down");
  }

  @Test
  void shouldKeepNoMoreSamplesThanWereAskedFor() {
    read("@case endless");
    String line = "@ticks" + " 1".repeat(16);
    assertThatThrownBy(
            () -> {
              for (int i = 0; i <= MAX; i++) {
                read(line);
              }
            })
        .isInstanceOf(SampleTextException.class)
        .hasMessageContaining("too many samples");
    assertThat(text.find("endless").size()).isLessThanOrEqualTo(MAX);
  }

  @Test
  void shouldKeepABoundedNumberOfCasesAndFigures() {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100_000; i++) {
                read("@case c" + i);
              }
            })
        .hasMessageContaining("too many cases");
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 100_000; i++) {
                read("@count c" + i + " 1");
              }
            })
        .hasMessageContaining("too many figures");
  }

  @Test
  void shouldQuoteTheStartOnlyWhenTheLineIsLong() {
    assertThatThrownBy(() -> read("@case \u001b" + "x".repeat(10_000)))
        .hasMessageContaining("\"@case ?xxx")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
  }

  @Test
  void shouldEitherTakeOrRefuseWhateverAGuestWrites() {
    Random random = new Random(6);
    String[] parts = {"@case", "@ticks", "@count", "@skip", " ", "a", "1", "f", "\r", "\0", "-"};
    for (int run = 0; run < 2_000; run++) {
      SampleText any = new SampleText(MAX);
      for (int i = 0; i < 20; i++) {
        StringBuilder line = new StringBuilder();
        for (int n = random.nextInt(8); n >= 0; n--) {
          line.append(parts[random.nextInt(parts.length)]);
        }
        try {
          any.accept(line.toString());
        } catch (SampleTextException e) {
          assertThat(e.getMessage()).matches("[ -~]+");
        }
      }
      assertThat(any.cases().stream().mapToInt(CaseSamples::size).sum()).isLessThanOrEqualTo(MAX);
    }
  }
}
