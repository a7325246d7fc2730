package javelin.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IoSpaceTest {
  private final IoSpace ports = IoSpace.ports();
  private final List<String> log = new ArrayList<>();

  /** Logs accesses; answers with its tag in the high nibble of each byte, the offset in the low. */
  private final class Recorder implements IoHandler {
    private final int tag;

    Recorder(int tag) {
      this.tag = tag;
    }

    @Override
    public long read(long offset, int size) {
      log.add(String.format("%x: read %d at %d", tag, size, offset));
      long value = 0;
      for (int i = size - 1; i >= 0; i--) {
        value = value << 8 | tag << 4 | offset + i;
      }
      return value;
    }

    @Override
    public void write(long offset, int size, long value) {
      log.add(String.format("%x: write %d at %d: %x", tag, size, offset, value));
    }
  }

  @Test
  void shouldReachTheHandlerWithTheOffsetInItsRange() {
    ports.register("serial", 0x3f8, 8, new Recorder(1));
    ports.register("debug", 0x80, 1, new Recorder(2));
    assertThat(ports.read(0x3f8, 1)).isEqualTo(0x10);
    assertThat(ports.read(0x3fc, 4)).isEqualTo(0x1716_1514L);
    ports.write(0x3ff, 1, 0xab);
    ports.write(0x80, 1, 0xcd);
    assertThat(log)
        .containsExactly(
            "1: read 1 at 0", "1: read 4 at 4", "1: write 1 at 7: ab", "2: write 1 at 0: cd");
  }

  @Test
  void shouldAnswerAllOnesAndTellTheListenerWhereNothingIs() {
    List<String> unclaimed = new ArrayList<>();
    ports.unclaimedListener(
        (space, address, size, isWrite) ->
            unclaimed.add(String.format("%s %x %d %s", space.name(), address, size, isWrite)));
    ports.register("debug", 0x80, 1, new Recorder(1));
    assertThat(ports.read(0x70, 4)).isEqualTo(-1);
    ports.write(0x81, 2, 0);
    assertThat(ports.read(0xffff_ffff_ffff_ff80L, 8)).isEqualTo(-1);
    assertThat(unclaimed)
        .containsExactly("port 70 4 false", "port 81 2 true", "port ffffffffffffff80 8 false");
    assertThat(log).isEmpty();
  }

  @Test
  void shouldSplitAnAccessAcrossBordersIntoBytes() {
    ports.register("a", 0x10, 2, new Recorder(1));
    ports.register("b", 0x12, 1, new Recorder(2));
    assertThat(ports.read(0x10, 4)).as("a, a, b, nothing").isEqualTo(0xff20_1110L);
    assertThat(ports.read(0xf, 2)).as("nothing, a").isEqualTo(0x10ff);
    log.clear();
    ports.write(0xf, 4, 0x4433_2211L);
    assertThat(log)
        .containsExactly("1: write 1 at 0: 22", "1: write 1 at 1: 33", "2: write 1 at 0: 44");
  }

  @Test
  void shouldFindEachOfManyRanges() {
    IoSpace mmio = IoSpace.mmio();
    for (int i = 0; i < 100; i++) {
      // In an order that is not that of the addresses.
      long base = (i * 37L % 100) << 20;
      mmio.register("r" + i, base, 0x1000, new Recorder(0));
    }
    mmio.register("last", mmio.limit() - 0x1000, 0x1000, new Recorder(7));
    for (int i = 0; i < 100; i++) {
      assertThat(mmio.read(((long) i << 20) + 5, 1)).isEqualTo(5);
      assertThat(mmio.read(((long) i << 20) + 0x1000, 1)).isEqualTo(-1);
    }
    assertThat(mmio.read(mmio.limit() - 0x1000, 1)).isEqualTo(0x70);
    assertThat(mmio.read(mmio.limit(), 1)).isEqualTo(-1);
    assertThat(mmio.ranges())
        .hasSize(101)
        .isSortedAccordingTo((a, b) -> Long.compare(a.base(), b.base()));
  }

  @ParameterizedTest
  @CsvSource({"0x100, 8", "0xff, 2", "0x107, 1", "0x0, 0x1000", "0x102, 2"})
  void shouldRefuseOverlapNamingBoth(String base, String length) {
    ports.register("first", 0x100, 8, new Recorder(1));
    assertThatThrownBy(
            () -> ports.register("second", Long.decode(base), Long.decode(length), new Recorder(2)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("port range of second at %s overlaps first 0x100-0x107", base);
    assertThat(ports.ranges()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "0x10000, 1",
    "0xffff, 2",
    "-1, 1",
    "0, 0",
    "0, -1",
    "1, 0x7fffffffffffffff",
    "0x7fffffffffffffff, 1"
  })
  void shouldRefuseARangeOutsideTheSpace(String base, String length) {
    assertThatThrownBy(
            () -> ports.register("bad", Long.decode(base), Long.decode(length), new Recorder(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("port range of bad")
        .hasMessageEndingWith("is outside the space");
  }

  @Test
  void shouldMoveAndRemoveARange() {
    IoRange range = ports.register("bar", 0x1000, 0x20, new Recorder(1));
    ports.register("other", 0x2000, 0x20, new Recorder(2));
    range.move(0x1010);
    assertThat(ports.read(0x1000, 1)).isEqualTo(-1);
    assertThat(ports.read(0x1010, 1)).isEqualTo(0x10);
    assertThat(range).hasToString("bar 0x1010-0x102f");
    assertThatThrownBy(() -> range.move(0x2010))
        .hasMessage("port range of bar at 0x2010 overlaps other 0x2000-0x201f");
    assertThatThrownBy(() -> range.move(0xffff)).hasMessageEndingWith("is outside the space");
    assertThat(range.base()).isEqualTo(0x1010);
    range.close();
    range.close();
    assertThat(ports.read(0x1010, 1)).isEqualTo(-1);
    assertThatThrownBy(() -> range.move(0x3000)).hasMessage("bar is not registered");
    assertThatCode(() -> ports.register("next", 0x1010, 1, new Recorder(3)))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldServeReadersWhileARangeMoves() throws Exception {
    IoSpace mmio = IoSpace.mmio();
    AtomicReference<String> wrong = new AtomicReference<>();
    IoRange range =
        mmio.register(
            "bar",
            0x10_0000,
            0x1000,
            new IoHandler() {
              @Override
              public long read(long offset, int size) {
                if (offset < 0 || offset > 0x1000 - size) {
                  wrong.set("offset " + offset);
                }
                return offset;
              }

              @Override
              public void write(long offset, int size, long value) {}
            });
    mmio.register("fixed", 0x40_0000, 0x1000, new Recorder(0));
    Thread reader =
        new Thread(
            () -> {
              while (!Thread.currentThread().isInterrupted()) {
                for (long base = 0x10_0000; base <= 0x30_0000; base += 0x10_0000) {
                  long value = mmio.read(base + 0x10, 4);
                  if (value != 0x10 && value != -1) {
                    wrong.set("value " + value);
                  }
                }
              }
            });
    reader.start();
    for (int i = 0; i < 20_000; i++) {
      range.move(0x10_0000 + 0x10_0000L * (i % 3));
    }
    reader.interrupt();
    reader.join();
    assertThat(wrong.get()).isNull();
  }

  @Test
  void shouldAllocateNothingOnLookUp() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    IoSpace mmio = IoSpace.mmio();
    for (int i = 0; i < 10; i++) {
      mmio.register("r", i * 0x1000L, 8, new Constant());
    }
    access(mmio, 1_000);
    long before = threads.getCurrentThreadAllocatedBytes();
    access(mmio, 10_000);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1_000);
  }

  private static void access(IoSpace space, int times) {
    for (int i = 0; i < times; i++) {
      space.write(0x5000, 4, space.read(0x3000, 4));
      space.read(0x5006, 4); // Straddles the end.
      space.read(0x5100, 4); // Nothing there.
    }
  }

  private static final class Constant implements IoHandler {
    @Override
    public long read(long offset, int size) {
      return offset;
    }

    @Override
    public void write(long offset, int size, long value) {}
  }
}
