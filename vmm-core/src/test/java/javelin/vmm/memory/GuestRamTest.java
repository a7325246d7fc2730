package javelin.vmm.memory;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GuestRamTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  private final FakeSyscalls fake = new FakeSyscalls();
  private final GuestMemory memory = new GuestMemory();

  @AfterEach
  void unmap() {
    fake.close();
  }

  private GuestRam create(RamConfig config) {
    return GuestRam.create(new Linux(fake), config, memory);
  }

  private void requireNothingLeft() {
    fake.requireNothingOpen();
    assertThat(memory.regions()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 0",
    "3072, 3072, 0",
    "3073, 3072, 1",
    "65536, 3072, 62464",
  })
  void shouldSplitRamAtTheHole(long mebibytes, long low, long high) {
    try (GuestRam ram = create(RamConfig.of(mebibytes * MIB))) {
      assertThat(ram.config().size()).isEqualTo(mebibytes * MIB);
      assertThat(memory.size()).isEqualTo(mebibytes * MIB);
      assertThat(memory.contains(0, low * MIB)).isTrue();
      assertThat(memory.contains(low * MIB, 1)).isFalse();
      assertThat(memory.contains(4 * GIB, high * MIB)).isEqualTo(high > 0);
    }
    requireNothingLeft();
  }

  @Test
  void shouldMapLowAndHighRamFromOneMemfd() {
    create(RamConfig.of(4 * GIB)).close();
    assertThat(fake.calls("mmap"))
        .containsExactly(
            "mmap(0, 3221225472, 3, 16385, 1000, 0)",
            "mmap(0, 1073741824, 3, 16385, 1000, 3221225472)");
    requireNothingLeft();
  }

  @ParameterizedTest
  @EnumSource(
      value = PageSize.class,
      names = {"BASE", "TRANSPARENT"})
  void shouldGiveRealRam(PageSize pages) throws Exception {
    noLeaks(
        () -> {
          RamConfig config = new RamConfig(8 * MIB, pages, true, true);
          GuestRam ram = GuestRam.create(Linux.system(), config, memory);
          memory.writeU64(8 * MIB - 8, 7);
          assertThat(memory.readU64(8 * MIB - 8)).isEqualTo(7);
          ram.close();
          ram.close();
        });
    assertThat(memory.regions()).isEmpty();
  }

  @Test
  void shouldLeaveNothingOpenWhenTheSecondMappingFails() {
    fake.fail("mmap", 2, Errno.ENOMEM);
    assertThatThrownBy(() -> create(RamConfig.of(4 * GIB)))
        .isInstanceOf(RamException.class)
        .hasMessage(
            "Guest RAM of 4096 MiB cannot be mapped: mmap guest-ram, 1073741824 bytes: ENOMEM"
                + " (cannot allocate memory)");
    requireNothingLeft();
  }

  @ParameterizedTest
  @CsvSource({"memfdCreate, EMFILE", "ftruncate, EINVAL", "fcntl, EPERM", "mmap, ENOMEM"})
  void shouldLeaveNothingOpenWhenACallFails(String call, Errno errno) {
    fake.fail(call, 1, errno);
    assertThatThrownBy(() -> create(RamConfig.of(MIB)))
        .isInstanceOf(RamException.class)
        .hasMessageContaining(errno.name());
    requireNothingLeft();
  }

  @Test
  void shouldLeaveNothingOpenWhenAListenerRefuses() {
    memory.addListener(
        new MemoryListener() {
          @Override
          public void regionAdded(RamRegion region) {
            if (region.guestAddress() != 0) {
              throw new IllegalStateException("no slot left");
            }
          }

          @Override
          public void regionRemoved(RamRegion region) {}
        });
    assertThatThrownBy(() -> create(RamConfig.of(4 * GIB))).hasMessage("no slot left");
    requireNothingLeft();
  }

  @ParameterizedTest
  @CsvSource({
    "0, TRANSPARENT",
    "-4096, BASE",
    "4097, BASE",
    "1048576, HUGE_2M",
    "2097152, HUGE_1G"
  })
  void shouldRefuseASizeThatIsNoMultipleOfThePageSize(long size, PageSize pages) {
    assertThatThrownBy(() -> create(new RamConfig(size, pages, false, false)))
        .isInstanceOf(RamException.class)
        .hasMessage(
            "Guest RAM of %d bytes is not a positive multiple of the page size, %d bytes",
            size, pages.bytes());
    requireNothingLeft();
  }

  @Test
  void shouldSayHowToReserveHugePages() {
    fake.fail("mmap", 1, Errno.ENOMEM);
    assertThatThrownBy(() -> create(new RamConfig(64 * MIB, PageSize.HUGE_2M, false, false)))
        .isInstanceOf(RamException.class)
        .hasMessage(
            "Guest RAM of 64 MiB needs 32 free huge pages of 2 MiB and the host has not that many:"
                + " reserve them with"
                + " `echo 32 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages`,"
                + " or run without --hugepages");
    requireNothingLeft();
  }

  @Test
  void shouldTakeHugePagesWhenMappingAndNotOnFirstTouch() {
    create(new RamConfig(GIB, PageSize.HUGE_1G, false, false)).close();
    assertThat(fake.calls("memfdCreate"))
        .containsExactly("memfdCreate(guest-ram, " + (1 | 2 | 4 | 30 << 26) + ")");
    assertThat(fake.calls("mmap")).containsExactly("mmap(0, 1073741824, 3, 1, 1000, 0)");
  }

  @Test
  void shouldSayThatTheHostLacksThePageSize() {
    fake.fail("memfdCreate", 1, Errno.ENODEV);
    assertThatThrownBy(() -> create(new RamConfig(GIB, PageSize.HUGE_1G, false, false)))
        .isInstanceOf(RamException.class)
        .hasMessageStartingWith("This host's CPU or kernel has no huge pages of 1024 MiB");
    requireNothingLeft();
  }

  @Test
  void shouldPrefaultAndLock() {
    create(new RamConfig(4 * GIB, PageSize.BASE, true, false)).close();
    long populates =
        fake.calls("madvise").stream()
            .filter(call -> call.endsWith(", " + Linux.MADV_POPULATE_WRITE + ")"))
            .count();
    assertThat(populates).as("pieces of 256 MiB").isEqualTo(16);
    assertThat(fake.calls("mlock")).hasSize(2);
    requireNothingLeft();
  }

  @Test
  void shouldSayThatMemlockIsTooSmall() {
    fake.limit(Linux.RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB).fail("mlock", 1, Errno.ENOMEM);
    assertThatThrownBy(() -> create(new RamConfig(64 * MIB, PageSize.BASE, true, false)))
        .isInstanceOf(RamException.class)
        .hasMessage(
            "Locking 64 MiB of guest RAM needs RLIMIT_MEMLOCK of as much; the limit is 8 MiB:"
                + " run `ulimit -l unlimited` first, or without --lock-memory");
    requireNothingLeft();
  }

  @Test
  void shouldNameTheErrorWhenMemlockIsLargeEnough() {
    fake.fail("mlock", 1, Errno.EAGAIN);
    assertThatThrownBy(() -> create(new RamConfig(64 * MIB, PageSize.BASE, true, false)))
        .isInstanceOf(RamException.class)
        .hasMessageContaining("mlock: EAGAIN");
    requireNothingLeft();
  }

  @Test
  void shouldSayThatRamCannotBeMadePresent() throws Exception {
    fake.answer(
        "madvise",
        arguments -> (Long) arguments[2] == Linux.MADV_POPULATE_WRITE ? -Errno.ENOMEM.number() : 0);
    noLeaks(
        () ->
            assertThatThrownBy(() -> create(new RamConfig(64 * MIB, PageSize.BASE, false, true)))
                .isInstanceOf(RamException.class)
                .hasMessage(
                    "Guest RAM of 64 MiB cannot be made present: ENOMEM (cannot allocate memory);"
                        + " give the guest less memory"));
    requireNothingLeft();
  }

  @Test
  void shouldRunOnAKernelThatKnowsNoneOfTheAdvice() {
    fake.failAlways("madvise", Errno.EINVAL);
    create(new RamConfig(64 * MIB, PageSize.TRANSPARENT, true, true)).close();
    requireNothingLeft();
  }
}
