package javelin.boot.kernel;

import static javelin.boot.kernel.LoaderFixture.MIB;
import static javelin.boot.kernel.LoaderFixture.RSDP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PvhLoaderTest {
  private static final int LOAD = 0x20_0000;
  private static final long VIRTUAL_BASE = 0xffff_ffff_8000_0000L;

  private final LoaderFixture guest = new LoaderFixture(64 * MIB);

  @AfterEach
  void closeGuest() {
    guest.close();
  }

  private static ByteBuffer elf(boolean is64, int pvhEntry) {
    return new KernelFiles.Elf(is64, LOAD)
        .pvhNote(pvhEntry)
        .load(LOAD, LOAD, new byte[300], 0x2000)
        .build();
  }

  @Test
  void shouldStartIn32BitModeWhenANoteHasTheEntry() {
    BootState state = guest.load(elf(true, LOAD + 0x40));

    assertThat(state.mode()).isEqualTo(BootState.Mode.PROTECTED_32);
    assertThat(state.rip()).isEqualTo(LOAD + 0x40);
    assertThat(state.cr3()).isZero();
    assertThat(state.rax()).isZero();
    assertThat(guest.memory.readU64(state.gdtBase() + BootState.CODE_SELECTOR))
        .isEqualTo(0x00cf_9b00_0000_ffffL);
    assertThat(guest.memory.readU64(state.gdtBase() + BootState.TASK_SELECTOR))
        .isEqualTo(0x0000_8b00_0000_0067L);
    assertThat(guest.load(elf(false, LOAD + 0x44)).rip()).isEqualTo(LOAD + 0x44);
  }

  @Test
  void shouldFillTheStartInformationWhenThereIsAnInitrd() {
    byte[] content = {1, 2, 3, 4, 5};
    guest.initrd = BootFile.of("initrd", content);

    long info = guest.load(elf(true, LOAD)).rbx();

    assertThat(guest.memory.readU32(info)).isEqualTo(0x336e_c578L);
    assertThat(guest.memory.readU32(info + 4)).as("version").isEqualTo(1);
    assertThat(guest.memory.readU32(info + 8)).as("flags").isZero();
    assertThat(guest.memory.readU32(info + 12)).as("modules").isEqualTo(1);
    long module = guest.memory.readU64(info + 16);
    assertThat(guest.memory.readU64(module + 8)).isEqualTo(content.length);
    assertThat(guest.bytes(guest.memory.readU64(module), content.length)).isEqualTo(content);
    assertThat(guest.text(guest.memory.readU64(info + 24))).isEqualTo("console=ttyS0");
    assertThat(guest.memory.readU64(info + 32)).isEqualTo(RSDP);
    long map = guest.memory.readU64(info + 40);
    assertThat(guest.memory.readU32(info + 48)).as("map entries").isEqualTo(4);
    assertThat(guest.memory.readU64(map + 2 * 24)).isEqualTo(MIB);
    assertThat(guest.memory.readU64(map + 2 * 24 + 8)).isEqualTo(63 * MIB);
    assertThat(guest.memory.readU32(map + 2 * 24 + 16)).isEqualTo(1);
    assertThat(guest.memory.readU64(map + 3 * 24)).isEqualTo(0xe000_0000L);
    assertThat(guest.memory.readU32(map + 3 * 24 + 16)).isEqualTo(2);
  }

  @Test
  void shouldNameNoModuleWhenThereIsNoInitrd() {
    long info = guest.load(elf(true, LOAD)).rbx();

    assertThat(guest.memory.readU32(info + 12)).isZero();
    assertThat(guest.memory.readU64(info + 16)).isZero();
  }

  @Test
  void shouldUseTheNoteOfAVmlinuxOnlyWhenAsked() {
    ByteBuffer vmlinux =
        new KernelFiles.Elf(true, LOAD)
            .load(VIRTUAL_BASE + LOAD, LOAD, new byte[300], 300)
            .pvhNote(LOAD + 64)
            .build();

    assertThat(guest.load(vmlinux).mode()).isEqualTo(BootState.Mode.LONG_64);

    guest.protocol = BootProtocol.PVH;
    assertThat(guest.load(vmlinux).rip()).isEqualTo(LOAD + 64);
  }

  @Test
  void shouldRefuseWhenTheNoteIsMissingOrWrong() {
    guest.protocol = BootProtocol.PVH;
    ByteBuffer plain = new KernelFiles.Elf(true, LOAD).load(LOAD, new byte[8]).build();

    assertThatThrownBy(() -> guest.load(plain))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining(
            "an ELF64 file without Multiboot header and without PVH note cannot be started by"
                + " --boot pvh; Javelin boots");
    assertThatThrownBy(() -> guest.load(elf(true, 0x1234)))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining("the PVH entry point 0x1234 is in none of its segments");
  }

  @Test
  void shouldIgnoreNotesWhenTheirSizesLie() {
    ByteBuffer elf = elf(true, LOAD);
    int note = 64 + 2 * 56;
    elf.putInt(note, -5);
    assertThat(guest.load(elf).mode()).isEqualTo(BootState.Mode.LONG_64);

    elf.putInt(note, 4).putInt(note + 4, Integer.MAX_VALUE);
    assertThat(guest.load(elf).mode()).isEqualTo(BootState.Mode.LONG_64);
  }

  @Test
  void shouldRefuseAnElfWhenItsSegmentsAreWrong() {
    refuse(
        new KernelFiles.Elf(true, LOAD).load(LOAD, new byte[64]).load(LOAD + 63, new byte[2]),
        "segment 1 (0x20003f-0x200040) overlaps segment 0 (0x200000-0x20003f)");
    refuse(
        new KernelFiles.Elf(true, LOAD).load(LOAD, new byte[64]).load(64 * MIB - 1, new byte[2]),
        "segment 1 (2 bytes at 0x3ffffff) is outside the guest's RAM below 4 GiB");
    refuse(
        new KernelFiles.Elf(true, LOAD).load(LOAD, LOAD, new byte[64], -1),
        "segment 0 (18446744073709551615 bytes at 0x200000) is outside the guest's RAM");
    refuse(
        new KernelFiles.Elf(true, 0x9_ff00).load(0x9_ff00, new byte[0x101]),
        "is outside the guest's RAM");
    refuse(
        new KernelFiles.Elf(true, LOAD).load(LOAD, LOAD, new byte[64], 63),
        "segment 0 has 64 bytes in the file and 63 in memory");
    refuse(
        new KernelFiles.Elf(true, LOAD + 64).load(LOAD, new byte[64]),
        "the entry point 0x200040 is in none of its segments");
    refuse(new KernelFiles.Elf(true, LOAD).pvhNote(LOAD), "without a loadable segment");
    refuse(new KernelFiles.Elf(true, LOAD), "0 program headers");
    refuse(
        new KernelFiles.Elf(true, 0x1_0000).load(0x1_0000, new byte[0x8_0000]),
        "it leaves no room below 640 KiB for the zero page (4096 bytes)");
  }

  @Test
  void shouldRefuseAnElfWhenItIsTruncatedOrForAnotherMachine() {
    byte[] elf =
        KernelFiles.bytes(new KernelFiles.Elf(true, LOAD).load(LOAD, new byte[64]).build());

    refuse(elf, elf.length - 1, "truncated: segment 0 is 64 bytes at offset 120");
    refuse(elf, 100, "truncated: the program header table is 56 bytes at offset 64");
    refuse(elf, 40, "truncated: the ELF header is 52 bytes at offset 0, the file has 40 bytes");
    elf[18] = (byte) 183;
    refuse(elf, elf.length, "an ELF file for another machine (e_machine 183)");
    elf[18] = 62;
    elf[16] = 1;
    refuse(elf, elf.length, "an ELF file that is no executable (e_type 1)");
  }

  private void refuse(byte[] elf, int length, String message) {
    ByteBuffer cut = KernelFiles.little(length).put(0, Arrays.copyOf(elf, length));
    assertThatThrownBy(() -> guest.load(cut))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining(message);
  }

  private void refuse(KernelFiles.Elf elf, String message) {
    assertThatThrownBy(() -> guest.load(elf.build()))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining(message);
  }
}
