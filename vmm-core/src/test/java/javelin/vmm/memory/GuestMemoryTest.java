package javelin.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import javelin.vmm.linux.Linux;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Accesses to 5 GiB of RAM, 3 GiB low and 2 GiB high, of which only the touched pages exist. */
class GuestMemoryTest {
  private static final long GIB = 1L << 30;
  private static final long HIGH_END = 6 * GIB;

  private static final GuestMemory memory = new GuestMemory();
  private static GuestRam ram;

  @BeforeAll
  static void create() {
    RamConfig config = new RamConfig(5 * GIB, PageSize.BASE, false, false);
    ram = GuestRam.create(Linux.system(), config, memory);
  }

  @AfterAll
  static void close() {
    ram.close();
    assertThat(memory.regions()).isEmpty();
  }

  @Test
  void shouldPlaceRamAroundTheHole() {
    assertThat(memory.regions()).hasToString("[RAM 0x0-0xbfffffff, RAM 0x100000000-0x17fffffff]");
    assertThat(memory.size()).isEqualTo(5 * GIB);
  }

  @Test
  void shouldGiveNoHostAddressWhenARangeIsNotAllRam() {
    long base = memory.hostAddress(0, 1);
    assertThat(memory.hostAddressOrZero(5, 3 * GIB - 5)).isEqualTo(base + 5);
    assertThat(memory.hostAddressOrZero(3 * GIB - 1, 2)).isZero();
    assertThat(memory.hostAddressOrZero(3 * GIB, 1)).isZero();
    assertThat(memory.hostAddressOrZero(HIGH_END - 1, 2)).isZero();
    assertThat(memory.hostAddressOrZero(-1, 2)).isZero();
    assertThat(memory.hostAddressOrZero(1, -1)).isZero();
    assertThat(memory.hostAddressOrZero(Long.MAX_VALUE, Long.MAX_VALUE)).isZero();
  }

  /** Aligned and odd places, the borders of the 1 GiB views from both sides, the regions' ends. */
  @ParameterizedTest
  @ValueSource(
      longs = {
        0,
        1,
        4093,
        GIB - 8,
        GIB - 7,
        GIB - 4,
        GIB - 1,
        GIB,
        2 * GIB - 3,
        3 * GIB - 8,
        4 * GIB,
        5 * GIB - 5,
        5 * GIB,
        HIGH_END - 8
      })
  void shouldKeepEachWidthAt(long address) {
    memory.writeU64(address, 0x8182_8384_8586_8788L);
    assertThat(memory.readU64(address)).isEqualTo(0x8182_8384_8586_8788L);
    assertThat(memory.readU32(address)).isEqualTo(0x8586_8788L);
    assertThat(memory.readU16(address)).isEqualTo(0x8788);
    assertThat(memory.readU8(address)).isEqualTo(0x88);
    for (int i = 0; i < 8; i++) {
      assertThat(memory.readU8(address + i)).as("byte " + i).isEqualTo(0x88 - i);
    }
    memory.writeU32(address, 0xffff_ffff_0000_0001L);
    assertThat(memory.readU64(address)).isEqualTo(0x8182_8384_0000_0001L);
    memory.writeU16(address + 4, 0xf_ffff);
    memory.writeU8(address + 6, 0x1ff);
    assertThat(memory.readU64(address)).isEqualTo(0x81ff_ffff_0000_0001L);
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        3 * GIB - 7,
        3 * GIB - 1,
        3 * GIB,
        4 * GIB - 4,
        4 * GIB - 1,
        HIGH_END - 7,
        HIGH_END,
        -1,
        -8,
        Long.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MAX_VALUE - 7,
        1L << 52
      })
  void shouldRefuseEightBytesAt(long address) {
    UnsafeBuffer view = new UnsafeBuffer(0, 0);
    byte[] bytes = new byte[8];
    assertThat(memory.contains(address, 8)).isFalse();
    assertThatThrownBy(() -> memory.readU64(address))
        .isInstanceOf(GuestMemoryException.class)
        .hasMessage(
            String.format(
                "guest-physical range 0x%x, 8 bytes, is not all inside one region of guest RAM",
                address));
    assertThatThrownBy(() -> memory.writeU64(address, 0)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.read(address, bytes, 0, 8))
        .isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.write(address, bytes)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.fill(address, 8, 0)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.wrap(view, address, 8))
        .isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.hostAddress(address, 8))
        .isInstanceOf(GuestMemoryException.class);
  }

  @Test
  void shouldRefuseEachWidthBehindTheEnd() {
    assertThat(memory.readU8(HIGH_END - 1)).isNotNegative();
    assertThatThrownBy(() -> memory.readU8(HIGH_END)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.readU16(HIGH_END - 1)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.readU32(HIGH_END - 3)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.writeU8(HIGH_END, 0)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.writeU16(HIGH_END - 1, 0))
        .isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.writeU32(HIGH_END - 3, 0))
        .isInstanceOf(GuestMemoryException.class);
  }

  @Test
  void shouldRefuseHostileLengths() {
    assertThat(memory.contains(0, -1)).isFalse();
    assertThat(memory.contains(0, Long.MAX_VALUE)).isFalse();
    assertThat(memory.contains(0, Long.MIN_VALUE)).isFalse();
    assertThat(memory.contains(4096, Long.MAX_VALUE - 4095)).isFalse();
    assertThat(memory.contains(3 * GIB, 0)).as("nothing, at the end").isTrue();
    assertThat(memory.contains(3 * GIB + 1, 0)).isFalse();
    assertThatThrownBy(() -> memory.read(0, new byte[1], 0, -1))
        .isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.hostAddress(8, -8)).isInstanceOf(GuestMemoryException.class);
    assertThatThrownBy(() -> memory.fill(0, -1, 0)).isInstanceOf(GuestMemoryException.class);
  }

  @Test
  void shouldCopyAcrossTheBorderOfViews() {
    byte[] source = new byte[10_000];
    new SplittableRandom(1).nextBytes(source);
    byte[] target = new byte[12_000];
    long address = 2 * GIB - 5_001;
    memory.write(address, source, 100, 9_900);
    memory.read(address, target, 50, 9_900);
    for (int i = 0; i < 9_900; i++) {
      assertThat(target[50 + i]).isEqualTo(source[100 + i]);
    }
    memory.fill(address, 9_900, 0x5a);
    assertThat(memory.readU64(2 * GIB - 4)).isEqualTo(0x5a5a_5a5a_5a5a_5a5aL);
    assertThat(memory.readU8(address + 9_899)).isEqualTo(0x5a);
    assertThat(memory.readU8(address + 9_900)).isZero();
    UnsafeBuffer buffer = new UnsafeBuffer(source);
    memory.write(address, buffer, 7, 9_000);
    assertThat(memory.readU8(2 * GIB)).isEqualTo(source[7 + 5_001] & 0xff);
  }

  @Test
  void shouldGiveASliceOfGuestRamItself() {
    UnsafeBuffer view = new UnsafeBuffer(0, 0);
    memory.wrap(view, 5 * GIB - 16, 32);
    view.putLong(12, 0x1122_3344_5566_7788L);
    assertThat(memory.readU64(5 * GIB - 4)).isEqualTo(0x1122_3344_5566_7788L);
    assertThat(view.capacity()).isEqualTo(32);
    assertThat(memory.hostAddress(5 * GIB - 16, 32)).isEqualTo(view.addressOffset());
  }

  @Test
  void shouldAgreeWithAModelUnderRandomAccesses() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    long[] places = {100, GIB - 32, 2 * GIB - 32, 3 * GIB - 72, 4 * GIB, 5 * GIB - 32};
    Map<Long, Integer> model = new HashMap<>();
    for (long place : places) {
      memory.fill(place, 72, 0);
    }
    for (int i = 0; i < 20_000; i++) {
      long address = places[random.nextInt(places.length)] + random.nextInt(64);
      long value = random.nextLong();
      int size = 1 << random.nextInt(4);
      switch (size) {
        case 1 -> memory.writeU8(address, (int) value);
        case 2 -> memory.writeU16(address, (int) value);
        case 4 -> memory.writeU32(address, value);
        default -> memory.writeU64(address, value);
      }
      for (int j = 0; j < size; j++) {
        model.put(address + j, (int) (value >>> (8 * j)) & 0xff);
      }
      long check = places[random.nextInt(places.length)] + random.nextInt(64);
      long expected = 0;
      for (int j = 7; j >= 0; j--) {
        expected = expected << 8 | model.getOrDefault(check + j, 0);
      }
      assertThat(memory.readU64(check)).as("seed %d, 0x%x", seed, check).isEqualTo(expected);
    }
  }

  @Test
  void shouldAllocateNothing() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    UnsafeBuffer view = new UnsafeBuffer(0, 0);
    access(view, 1_000);
    long before = threads.getCurrentThreadAllocatedBytes();
    access(view, 10_000);
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1_000);
  }

  private static void access(UnsafeBuffer view, int times) {
    for (int i = 0; i < times; i++) {
      memory.writeU64(5 * GIB - 4, memory.readU64(GIB - 4) + memory.readU8(0));
      memory.writeU16(4096, memory.readU16(8192));
      memory.wrap(view, 4 * GIB, 4096);
      view.putInt(0, i);
    }
  }
}
