package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "8192, 8192",
    "512M, 536870912",
    "512MiB, 536870912",
    "512mb, 536870912",
    "1.5G, 1610612736",
    "64G, 68719476736",
    "1T, 1099511627776",
    "4K, 4096",
    "100B, 100"
  })
  void shouldReadSizeWhenUnitIsKnown(String text, long bytes) {
    assertThat(Units.parseSize(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "-1M", "12X", "1 2M", "1.M", "0x100", "99999999999999999999"})
  void shouldSayHowSizesAreWrittenWhenTextIsNone(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Units.parseSize(text))
        .withMessageContaining("as in 512M or 2G");
  }

  @Test
  void shouldRefuseSizeWhenItDoesNotFit64Bits() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Units.parseSize("9999999999T"))
        .withMessage("too large a size");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Units.parseSize("0.3K"))
        .withMessage("no whole number of bytes");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1000, 1000",
    "4096, 4K",
    "536870912, 512M",
    "1610612736, 1536M",
    "3221225472, 3G"
  })
  void shouldWriteSizeInLargestWholeUnit(long bytes, String text) {
    assertThat(Units.formatSize(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "30s, 30000",
    "500ms, 500",
    "1.5m, 90000",
    "2min, 120000",
    "2h, 7200000",
    "30, 30000",
    "0.25s, 250"
  })
  void shouldReadTimeWhenUnitIsKnown(String text, long millis) {
    assertThat(Units.parseTime(text)).isEqualTo(Duration.ofMillis(millis));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "-1s", "3d", "s"})
  void shouldSayHowTimesAreWrittenWhenTextIsNone(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Units.parseTime(text))
        .withMessageContaining("as in 30s");
  }

  @ParameterizedTest
  @CsvSource({"0, 0s", "250, 250ms", "1500, 1.5s", "90000, 90s", "30000, 30s"})
  void shouldWriteTimeInSecondsOrMilliseconds(long millis, String text) {
    assertThat(Units.format(Duration.ofMillis(millis))).isEqualTo(text);
  }
}
