package javelin.perf.nic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import javelin.boot.cli.CommandException;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NicTest {
  private static final String CARD = "00:03.0";
  private static final String LAN = "000200C0 00FFFFFF";

  @TempDir Path root;

  private FakePciHost host;
  private FakePciDevice card;
  private FakePciDevice other;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    card = host.device(CARD).type(0x020000).driver("e1000e").netdev("eth0", false);
    device(card, "net/eth0");
    other = host.device("00:04.0").type(0x020000).driver("virtio-pci");
    other.child("net", "virtio0/net/eth1", "eth1").attribute("virtio0/net/eth1/flags", "0x1003");
    host.directory("/sys/bus/virtio/drivers/virtio_net");
    host.link(other.path() + "/virtio0/driver", "/sys/bus/virtio/drivers/virtio_net");
    device(other, "virtio0/net/eth1");
  }

  /** What hangs on a device has a link to it. */
  private void device(FakePciDevice device, String netdev) {
    String parent = netdev.substring(0, Math.max(netdev.indexOf("/net/"), 0));
    host.link(
        device.path() + "/" + netdev + "/device",
        device.path() + (parent.isEmpty() ? "" : "/" + parent));
  }

  private Nic find(String address, String wire, boolean force) {
    return Nic.find(host.files(), Map.of(), host.read(address), wire, force);
  }

  private void assertRefused(String wire, String... words) {
    assertThatThrownBy(() -> find(CARD, wire, false))
        .isInstanceOf(CommandException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void shouldFindTheModulesThatTheGuestNeeds() {
    assertThat(find(CARD, "eth1", false).modules()).containsExactly("e1000e");
    assertThat(find("00:04.0", "eth0", false).modules())
        .containsExactly("virtio_pci", "virtio_net");
  }

  @Test
  void shouldRefuseAWireThatIsNone() {
    assertRefused("eth7", "--wire eth7: the host has no such interface");
    assertRefused("../net/eth1", "no such interface");
    assertRefused("", "no such interface");
    host.directory("/sys/class/net/br0");
    assertRefused("br0", "--wire br0", "no device behind it");
  }

  @Test
  void shouldRefuseTheCardsOwnInterface() {
    assertRefused("eth0", "--wire eth0", "interface of 0000:00:03.0 itself", "other end");
  }

  @Test
  void shouldRefuseWhatTheHostUsesUnlessForced() {
    host.routes("eth1 " + LAN);
    assertRefused("eth1", "--wire eth1", "eth1 is up and has a route to 192.0.2.0/24", "--force");
    assertThat(find(CARD, "eth1", true).wire().name()).isEqualTo("eth1");
  }

  @Test
  void shouldRefuseACardThatTheHostUses() {
    card.netdev("eth2", true);
    host.routes("eth2 " + LAN);
    assertThat(find(CARD, "eth1", false).wire().isUp()).isTrue();

    card.attribute("net/eth0/flags", "0x1003");
    host.routes("eth0 " + LAN);
    assertRefused("eth1", "0000:00:03.0: eth0 is up", "--force");
  }

  @Test
  void shouldRefuseADeviceThatIsNoCard() {
    host.device("00:05.0").type(0x010802);
    assertThatThrownBy(() -> find("00:05.0", "eth1", false))
        .isInstanceOf(CommandException.class)
        .hasMessage("--wire eth1: 0000:00:05.0 is no network card");
  }

  @Test
  void shouldRefuseACardThatItsDriverDoesNotHave() {
    host.device("00:06.0").type(0x020000).driver("vfio-pci");
    assertThatThrownBy(() -> find("00:06.0", "eth1", false))
        .isInstanceOf(CommandException.class)
        .hasMessageContainingAll("0000:00:06.0", "vfio-pci", "give it back");
  }
}
