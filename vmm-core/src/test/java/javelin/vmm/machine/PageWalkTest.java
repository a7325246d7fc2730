package javelin.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.vmm.kvm.KvmSregs;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageWalkTest {
  private static final long NX = 1L << 63;
  private static final long KERNEL = 0xffff_ffff_8100_0000L;

  private final TestTables tables = new TestTables();
  private final GuestMemory memory = tables.memory;

  private PageWalk walk(KvmSregs sregs, long linear) {
    return PageWalk.of(memory, sregs, linear);
  }

  /** PML4 at 0x1000, PDPT 0x2000, PD 0x3000, PT 0x4000 for {@link #KERNEL}. */
  private KvmSregs kernelTables() {
    memory.writeU64(0x1000 + 511 * 8, 0x2063);
    memory.writeU64(0x2000 + 510 * 8, 0x3063);
    memory.writeU64(0x3000 + 8 * 8, 0x4063);
    memory.writeU64(0x4000, 0x9161);
    return TestTables.levels4(0x1000);
  }

  @Test
  void shouldWalkFourLevels() {
    PageWalk walk = walk(kernelTables(), KERNEL + 0x123);
    assertThat(walk.mode()).isEqualTo(PageWalk.Mode.LEVELS_4);
    assertThat(walk.physical()).hasValue(0x9123);
    assertThat(walk.steps())
        .containsExactly(
            new PageWalk.Step("PML4E", 511, 0x1ff8, 0x2063),
            new PageWalk.Step("PDPTE", 510, 0x2ff0, 0x3063),
            new PageWalk.Step("PDE", 8, 0x3040, 0x4063),
            new PageWalk.Step("PTE", 0, 0x4000, 0x9161));
    assertThat(walk.describe())
        .containsExactly(
            "0xffffffff81000123: 4-level paging, CR3 0x1000",
            "  PML4E[511] at 0x000000001ff8 = 0x0000000000002063  P RW A D",
            "  PDPTE[510] at 0x000000002ff0 = 0x0000000000003063  P RW A D",
            "  PDE  [  8] at 0x000000003040 = 0x0000000000004063  P RW A D",
            "  PTE  [  0] at 0x000000004000 = 0x0000000000009161  P A D G",
            "  maps to 0x9123, a page of 4 KiB, supervisor, read-only, executable");
  }

  @Test
  void shouldIgnoreThePcidInCr3() {
    KvmSregs sregs = kernelTables().cr3(0x1000 | 0x8000_0000_0000_0005L);
    assertThat(walk(sregs, KERNEL).physical()).hasValue(0x9000);
  }

  @Test
  void shouldWalkLargePagesOfLongMode() {
    memory.writeU64(0x1000, 0x2007);
    memory.writeU64(0x2000, 0x3007);
    memory.writeU64(0x2008, NX | 0x4000_0087L);
    memory.writeU64(0x3000, 0x0000_0087);
    memory.writeU64(0x3008, 0x0060_1083L); // PAT bit 12 belongs to no address.
    KvmSregs sregs = TestTables.levels4(0x1000);
    assertThat(walk(sregs, 0x12345).outcome())
        .isEqualTo("maps to 0x12345, a page of 2 MiB, user, writable, executable");
    assertThat(walk(sregs, 0x20_0010).outcome())
        .isEqualTo("maps to 0x600010, a page of 2 MiB, supervisor, writable, executable; not RAM");
    assertThat(walk(sregs, 0x7654_3210L).outcome())
        .isEqualTo("maps to 0x76543210, a page of 1 GiB, user, writable, not executable; not RAM");
  }

  @Test
  void shouldWalkFiveLevels() {
    memory.writeU64(0x5000 + 511 * 8, 0x1003);
    kernelTables();
    KvmSregs sregs = TestTables.levels5(0x5000);
    PageWalk walk = walk(sregs, KERNEL);
    assertThat(walk.physical()).hasValue(0x9000);
    assertThat(walk.steps()).hasSize(5).first().extracting(PageWalk.Step::level).isEqualTo("PML5E");
    assertThat(walk(sregs, 0x00ff_0000_0000_0000L).outcome())
        .isEqualTo("stops at the PML5E: it is not present");
    assertThat(walk(sregs, 0x0100_0000_0000_0000L).outcome())
        .isEqualTo("stops at once: the address is not canonical");
  }

  @Test
  void shouldWalkPae() {
    memory.writeU64(0x1020 + 3 * 8, 0x2001); // Four entries in 32 bytes; they have no RW or US.
    memory.writeU64(0x2000, 0x3007);
    memory.writeU64(0x2008, 0x0020_00e7L);
    memory.writeU64(0x3000 + 5 * 8, NX | 0x8005);
    KvmSregs sregs = TestTables.pae(0x1020);
    PageWalk walk = walk(sregs, 0xffff_ffff_c000_5042L);
    assertThat(walk.mode()).isEqualTo(PageWalk.Mode.PAE);
    assertThat(walk.outcome())
        .isEqualTo("maps to 0x8042, a page of 4 KiB, user, read-only, not executable");
    assertThat(walk.steps().get(0)).isEqualTo(new PageWalk.Step("PDPTE", 3, 0x1038, 0x2001));
    assertThat(walk(sregs, 0xc020_0001L).physical()).hasValue(0x20_0001);
    assertThat(walk(sregs, 0).outcome()).isEqualTo("stops at the PDPTE: it is not present");
  }

  @Test
  void shouldWalk32Bits() {
    memory.writeU32(0x1000 + 0x300 * 4, 0x2067);
    memory.writeU32(0x1004, 0x00c0_2083L); // 4 MiB at 0x1_00c0_0000 by PSE-36.
    memory.writeU32(0x2000 + 4, 0x7005);
    KvmSregs sregs = TestTables.bits32(0x1000);
    assertThat(walk(sregs, 0xc000_1008L).outcome())
        .isEqualTo("maps to 0x7008, a page of 4 KiB, user, read-only, executable");
    assertThat(walk(sregs, 0x0040_0004).physical()).hasValue(0x1_00c0_0004L);
    assertThat(walk(sregs, 0xc000_2000L).outcome())
        .isEqualTo("stops at the PTE: it is not present");
    assertThat(walk(sregs, 0x8000_0000L).outcome())
        .isEqualTo("stops at the PDE: it is not present");
    assertThat(walk(sregs.cr4(0), 0x0040_0004).outcome())
        .as("without PSE the entry points at a table")
        .isEqualTo("stops at the PTE: 0xc02000, where it should be, is not RAM");
  }

  @Test
  void shouldPassAddressesThroughWhenPagingIsOff() {
    PageWalk walk = walk(TestTables.real(), 0x1_0000_7c00L);
    assertThat(walk.mode()).isEqualTo(PageWalk.Mode.OFF);
    assertThat(walk.physical()).hasValue(0x7c00);
    assertThat(walk.describe())
        .containsExactly(
            "0x7c00: paging is off", "  maps to 0x7c00, the same address, as paging is off");
    assertThat(walk(TestTables.real(), 0xffff_fff0L).outcome()).endsWith("; not RAM");
  }

  @ParameterizedTest
  @ValueSource(longs = {0x0000_8000_0000_0000L, 0x7fff_ffff_ffff_ffffL, 0x8000_0000_0000_0000L})
  void shouldStopAtOnceForAnAddressThatIsNotCanonical(long linear) {
    PageWalk walk = walk(kernelTables(), linear);
    assertThat(walk.outcome()).isEqualTo("stops at once: the address is not canonical");
    assertThat(walk.steps()).isEmpty();
    assertThat(walk.physical()).isEmpty();
  }

  @Test
  void shouldStopWhereATableIsNotInRam() {
    assertThat(walk(TestTables.levels4(0xdead_0000L), 0).outcome())
        .isEqualTo("stops at the PML4E: 0xdead0000, where it should be, is not RAM");
    memory.writeU64(0x1000, 0x000f_ffff_ffff_f003L);
    PageWalk walk = walk(TestTables.levels4(0x1000), 0);
    assertThat(walk.outcome())
        .isEqualTo("stops at the PDPTE: 0xffffffffff000, where it should be, is not RAM");
    assertThat(walk.steps()).hasSize(1);
    assertThat(walk(TestTables.levels4(-1), 0).physical()).isEmpty();
    assertThat(walk(TestTables.bits32(-1), 0).physical()).isEmpty();
    assertThat(walk(TestTables.pae(-1), 0).physical()).isEmpty();
  }

  @Test
  void shouldStopAtReservedBits() {
    memory.writeU64(0x1000, 0x2083);
    assertThat(walk(TestTables.levels4(0x1000), 0).outcome())
        .isEqualTo("stops at the PML4E: it has reserved bits set");
    memory.writeU64(0x1000, 0x2003);
    memory.writeU64(0x2000, 0x4000_2083L);
    assertThat(walk(TestTables.levels4(0x1000), 0).outcome())
        .isEqualTo("stops at the PDPTE: it has reserved bits set");
    memory.writeU64(0x1000, NX | 0x2003);
    assertThat(walk(TestTables.levels4(0x1000).efer(0x500), 0).outcome())
        .as("NX without EFER.NXE")
        .isEqualTo("stops at the PML4E: it has reserved bits set");
  }

  @Test
  void shouldEndInATableThatPointsAtItself() {
    memory.writeU64(0x1000, 0x1003);
    PageWalk walk = walk(TestTables.levels4(0x1000), 0);
    assertThat(walk.steps()).hasSize(4);
    assertThat(walk.physical()).hasValue(0x1000);
  }
}
