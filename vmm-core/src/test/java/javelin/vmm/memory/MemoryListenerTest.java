package javelin.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Regions come and go; none is accessed, so that host addresses may be made up. */
class MemoryListenerTest {
  private static final long HOST = 0x7000_0000_0000L;

  private final GuestMemory memory = new GuestMemory();
  private final List<String> heard = new ArrayList<>();

  private final class Recorder implements MemoryListener {
    private final String name;
    private long refused = -1;
    private boolean failsAtRemoval;

    Recorder(String name) {
      this.name = name;
    }

    @Override
    public void regionAdded(RamRegion region) {
      heard.add(name + " + " + Long.toHexString(region.guestAddress()));
      if (region.guestAddress() == refused) {
        throw new IllegalStateException(name + " refuses");
      }
    }

    @Override
    public void regionRemoved(RamRegion region) {
      heard.add(name + " - " + Long.toHexString(region.guestAddress()));
      if (failsAtRemoval) {
        throw new IllegalStateException(name + " fails");
      }
    }
  }

  @Test
  void shouldTellListenersInOrderAndBackwards() {
    memory.addListener(new Recorder("a"));
    RamRegion region = memory.add(0x1000, 0x1000, HOST);
    memory.addListener(new Recorder("b"));
    memory.remove(region);
    assertThat(heard).containsExactly("a + 1000", "b + 1000", "b - 1000", "a - 1000");
    assertThat(memory.regions()).isEmpty();
  }

  @Test
  void shouldTakeTheRegionBackWhenAListenerRefuses() {
    Recorder last = new Recorder("c");
    last.refused = 0x2000;
    memory.addListener(new Recorder("a"));
    memory.addListener(new Recorder("b"));
    memory.addListener(last);
    assertThatThrownBy(() -> memory.add(0x2000, 0x1000, HOST)).hasMessage("c refuses");
    assertThat(heard).containsExactly("a + 2000", "b + 2000", "c + 2000", "b - 2000", "a - 2000");
    assertThat(memory.contains(0x2000, 1)).isFalse();
    heard.clear();
    memory.add(0x3000, 0x1000, HOST);
    assertThat(heard).containsExactly("a + 3000", "b + 3000", "c + 3000");
  }

  @Test
  void shouldNotKeepAListenerThatRefusesARegionThatIsThere() {
    memory.add(0, 0x1000, HOST);
    memory.add(0x1000, 0x1000, HOST);
    memory.add(0x2000, 0x1000, HOST);
    Recorder refusing = new Recorder("a");
    refusing.refused = 0x2000;
    assertThatThrownBy(() -> memory.addListener(refusing)).hasMessage("a refuses");
    assertThat(heard).containsExactly("a + 0", "a + 1000", "a + 2000", "a - 1000", "a - 0");
    heard.clear();
    memory.add(0x3000, 0x1000, HOST);
    assertThat(heard).isEmpty();
  }

  @Test
  void shouldKeepTheRefusalWhenTakingBackFailsToo() {
    Recorder first = new Recorder("a");
    first.failsAtRemoval = true;
    Recorder second = new Recorder("b");
    second.refused = 0;
    memory.addListener(first);
    memory.addListener(second);
    assertThatThrownBy(() -> memory.add(0, 0x1000, HOST))
        .hasMessage("b refuses")
        .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("a fails"));
  }

  @Test
  void shouldTellEveryListenerOfARemovalWhenOneFails() {
    Recorder last = new Recorder("b");
    last.failsAtRemoval = true;
    memory.addListener(new Recorder("a"));
    memory.addListener(last);
    RamRegion region = memory.add(0, 0x1000, HOST);
    heard.clear();
    assertThatThrownBy(() -> memory.remove(region)).hasMessage("b fails");
    assertThat(heard).containsExactly("b - 0", "a - 0");
    assertThat(memory.regions()).isEmpty();
  }

  @Test
  void shouldTellALeavingListenerThatAllRegionsGo() {
    Recorder recorder = new Recorder("a");
    memory.add(0, 0x1000, HOST);
    memory.add(0x1000, 0x1000, HOST);
    memory.addListener(recorder);
    heard.clear();
    memory.removeListener(recorder);
    memory.removeListener(recorder);
    memory.add(0x2000, 0x1000, HOST);
    assertThat(heard).containsExactly("a - 1000", "a - 0");
  }

  @ParameterizedTest
  @CsvSource({
    "0x2000, 0x1000",
    "0x1fff, 2",
    "0x2fff, 1",
    "0, 0x10000",
    "0x2800, 0x100",
  })
  void shouldRefuseOverlap(String address, String length) {
    memory.add(0x2000, 0x1000, HOST);
    assertThatThrownBy(() -> memory.add(Long.decode(address), Long.decode(length), HOST))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("overlaps RAM 0x2000-0x2fff");
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0, -1", "-1, 2", "0x7fffffffffffffff, 1", "0x7ffffffffffff000, 0x1000"})
  void shouldRefuseARangeThatIsEmptyOrWraps(String address, String length) {
    assertThatThrownBy(() -> memory.add(Long.decode(address), Long.decode(length), HOST))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("is empty or wraps");
  }

  @Test
  void shouldKeepRegionsInOrderOfAddress() {
    memory.add(0x3000, 0x1000, HOST);
    RamRegion middle = memory.add(0x2000, 0x1000, HOST);
    memory.add(0x1000, 0x1000, HOST);
    assertThat(memory.regions())
        .extracting(RamRegion::guestAddress)
        .containsExactly(0x1000L, 0x2000L, 0x3000L);
    memory.remove(middle);
    assertThatThrownBy(() -> memory.remove(middle)).hasMessageContaining("is not guest RAM");
    assertThat(memory.contains(0x1000, 0x1000)).isTrue();
    assertThat(memory.contains(0x2000, 1)).isFalse();
  }
}
