package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MacAddressTest {
  @Test
  void shouldReadAndWriteTheUsualText() {
    MacAddress mac = MacAddress.parse("52:54:00:AB:cd:0f");
    assertThat(mac.value()).isEqualTo(0x5254_00ab_cd0fL);
    assertThat(mac).hasToString("52:54:00:ab:cd:0f");
    assertThat(mac.octet(0)).isEqualTo(0x52);
    assertThat(mac.octet(5)).isEqualTo(0x0f);
  }

  @Test
  void shouldRefuseWhatIsNoAddressOfOneInterface() {
    assertThatThrownBy(() -> MacAddress.parse("52-54-00-ab-cd-0f")).hasMessageContaining("like");
    assertThatThrownBy(() -> MacAddress.parse("52:54:00:ab:cd")).hasMessageContaining("like");
    assertThatThrownBy(() -> MacAddress.parse("00:00:00:00:00:00")).hasMessageContaining("all");
    assertThatThrownBy(() -> MacAddress.parse("53:54:00:ab:cd:0f")).hasMessageContaining("group");
  }

  @Test
  void shouldDeriveTheSameLocalAddressForTheSameName() {
    MacAddress mac = MacAddress.derive("tap0");
    assertThat(MacAddress.derive("tap0")).isEqualTo(mac);
    assertThat(MacAddress.derive("tap1")).isNotEqualTo(mac);
    for (int i = 0; i < 100; i++) {
      assertThat(MacAddress.derive("tap" + i).octet(0) & 3).isEqualTo(2);
    }
  }
}
