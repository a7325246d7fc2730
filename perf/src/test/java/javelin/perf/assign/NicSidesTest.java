package javelin.perf.assign;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import javelin.boot.machine.AssignSpec;
import javelin.passthrough.host.FakePciDevice;
import javelin.passthrough.host.FakePciHost;
import javelin.perf.nic.NicSide;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NicSidesTest {
  private static final String CARD = "00:03.0";

  /** Where the list of capabilities begins, the bit that says so, and an MSI-X capability. */
  private static final int LIST = 0x34;

  private static final int STATUS = 0x06;
  private static final int MSIX = 0x11;

  @TempDir Path root;

  private FakePciHost host;
  private FakePciDevice card;

  @BeforeEach
  void makeHost() {
    host = new FakePciHost(root);
    card = host.device(CARD).type(0x020000);
  }

  private List<NicSide> sides(String text, List<String> names) {
    return NicSides.of(text, AssignSpec.parse("DEVICE", text, false), host.read(CARD), names);
  }

  @Test
  void shouldSwitchOneFastPathOffOnEachSide() {
    assertThat(sides(CARD + ",addr=05", Sides.NAMES))
        .containsExactly(
            new NicSide("assigned", "00:03.0,addr=05"),
            new NicSide("no mmap", "00:03.0,addr=05,x-no-mmap"),
            new NicSide("no irqfd", "00:03.0,addr=05,x-no-irqfd"),
            new NicSide("no resample", "00:03.0,addr=05,x-no-resample"),
            new NicSide("virtio", null));
  }

  @Test
  void shouldNotSwitchOffTwice() {
    List<NicSide> sides = sides(CARD + ",x-no-irqfd", Sides.NAMES);
    assertThat(sides).contains(new NicSide("no irqfd", CARD + ",x-no-irqfd"));
    for (NicSide side : sides) {
      if (side.assign() != null) {
        assertThat(AssignSpec.parse("DEVICE", side.assign(), false).options().irqfd()).isFalse();
      }
    }
  }

  @Test
  void shouldLeaveThePinOutWhereLinuxDoesNotUseIt() {
    card.config(STATUS, 0x10, 0).config(LIST, 0x40).config(0x40, MSIX, 0, 2, 0);

    assertThat(NicSides.hasMessages(host.read(CARD))).isTrue();
    assertThat(sides(CARD, Sides.NAMES)).extracting("name").doesNotContain("no resample");
  }

  @Test
  void shouldHaveThoseThatAreAskedFor() {
    assertThat(sides(CARD, List.of("virtio", "assigned")))
        .extracting("name")
        .containsExactly("assigned", "virtio");
  }
}
