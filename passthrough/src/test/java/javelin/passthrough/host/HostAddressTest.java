package javelin.passthrough.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostAddressTest {
  @ParameterizedTest
  @CsvSource({
    "0000:03:00.1, 0000:03:00.1",
    "03:1F.7, 0000:03:1f.7",
    "3:0.0, 0000:03:00.0",
    "10000:e1:00.0, 10000:e1:00.0",
  })
  void shouldReadWhatSysfsAndLspciWrite(String text, String expected) {
    assertThat(HostAddress.parse(text)).hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "03", "03:00", "03:20.0", "03:00.8", "g3:00.0", "0000:03:00.0 ", "1:2:3.4"})
  void shouldRefuseWhatIsNoAddress(String text) {
    assertThatThrownBy(() -> HostAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("write it like");
  }

  @Test
  void shouldOrderByDomainFirst() {
    assertThat(HostAddress.parse("0001:00:00.0")).isGreaterThan(HostAddress.parse("ff:1f.7"));
    assertThat(HostAddress.parse("00:02.0").sysfs()).isEqualTo("/sys/bus/pci/devices/0000:00:02.0");
  }
}
