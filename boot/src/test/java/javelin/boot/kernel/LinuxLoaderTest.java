package javelin.boot.kernel;

import static javelin.boot.kernel.LoaderFixture.MIB;
import static javelin.boot.kernel.LoaderFixture.RSDP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxLoaderTest {
  private static final int PAYLOAD = 0x9000;
  private static final int PREFERRED = 0x100_0000;
  private static final long VIRTUAL_BASE = 0xffff_ffff_8000_0000L;

  private LoaderFixture guest = new LoaderFixture(64 * MIB);

  @AfterEach
  void closeGuest() {
    guest.close();
  }

  private void useRam(long size) {
    guest.close();
    guest = new LoaderFixture(size);
  }

  @Test
  void shouldStartAtThe64BitEntryWhenTheKernelIsABzImage() {
    ByteBuffer image = KernelFiles.bzImage(PAYLOAD);

    BootState state = guest.load(image);

    assertThat(state.mode()).isEqualTo(BootState.Mode.LONG_64);
    assertThat(state.rip()).isEqualTo(PREFERRED + 0x200);
    assertThat(state.description()).isEqualTo("Linux 9.8.7-test (bzImage)");
    assertThat(guest.bytes(PREFERRED, PAYLOAD))
        .isEqualTo(
            Arrays.copyOfRange(KernelFiles.bytes(image), KernelFiles.SETUP_SIZE, image.capacity()));
    assertThat(state.rax()).isZero();
    assertThat(state.rbx()).isZero();
  }

  @Test
  void shouldFillTheZeroPageWhenTheKernelIsABzImage() {
    BootState state = guest.load(KernelFiles.bzImage(PAYLOAD));

    long page = state.rsi();
    assertThat(page % 4096).isZero();
    assertThat(guest.memory.readU64(page + 0x70)).isEqualTo(RSDP);
    assertThat(guest.memory.readU8(page + 0x1ef)).as("sentinel").isZero();
    assertThat(guest.memory.readU8(page + 0x1f1)).isEqualTo(KernelFiles.SETUP_SECTS);
    assertThat(guest.memory.readU16(page + 0x1fa)).isEqualTo(0xffff);
    assertThat(guest.memory.readU16(page + 0x1fe)).isEqualTo(0xaa55);
    assertThat(guest.memory.readU32(page + 0x202)).as("HdrS").isEqualTo(0x5372_6448);
    assertThat(guest.memory.readU16(page + 0x206)).isEqualTo(0x20f);
    assertThat(guest.memory.readU8(page + 0x210)).isEqualTo(0xff);
    assertThat(guest.memory.readU32(page + 0x214)).isEqualTo(PREFERRED);
    assertThat(guest.memory.readU32(page + 0x218)).isZero();
    assertThat(guest.memory.readU32(page + 0x21c)).isZero();
    assertThat(guest.text(guest.memory.readU32(page + 0x228))).isEqualTo("console=ttyS0");
    assertThat(guest.memory.readU64(page + 0x250)).as("setup_data").isZero();
    assertThat(guest.memory.readU64(page + 0x258)).isEqualTo(PREFERRED);
    assertThat(guest.memory.readU32(page + 0x260)).isEqualTo(0x40_0000);
    assertThat(guest.bytes(page + 0x26c, 0x2d0 - 0x26c)).containsOnly(0);
  }

  @Test
  void shouldListTheMemoryMapWhenRamReachesAbove4GiB() {
    useRam(5L << 30);

    BootState state = guest.load(KernelFiles.bzImage(PAYLOAD));

    long page = state.rsi();
    List<MemoryMap.Entry> expected =
        List.of(
            new MemoryMap.Entry(0, 0xa_0000, MemoryMap.Type.RAM),
            MemoryMap.Entry.reserved(0xe_0000, 0x2_0000),
            new MemoryMap.Entry(0x10_0000, (3L << 30) - MIB, MemoryMap.Type.RAM),
            LoaderFixture.ECAM,
            new MemoryMap.Entry(4L << 30, 2L << 30, MemoryMap.Type.RAM));
    assertThat(guest.memory.readU8(page + 0x1e8)).isEqualTo(expected.size());
    for (int i = 0; i < expected.size(); i++) {
      long at = page + 0x2d0 + i * 20L;
      assertThat(guest.memory.readU64(at)).isEqualTo(expected.get(i).start());
      assertThat(guest.memory.readU64(at + 8)).isEqualTo(expected.get(i).length());
      assertThat(guest.memory.readU32(at + 16)).isEqualTo(expected.get(i).type().number());
    }
  }

  @Test
  void shouldMapTheLow4GiBAndLeaveTheFirst64KiBAloneWhenItEnters64BitMode() {
    BootState state = guest.load(KernelFiles.bzImage(PAYLOAD));

    for (long address : new long[] {0, state.rip(), state.rsi(), 0xffff_f000L}) {
      assertThat(translate(state.cr3(), address)).isEqualTo(address);
    }
    assertThat(guest.memory.readU64(state.cr3() + 8)).as("512 GiB and up").isZero();
    assertThat(guest.memory.readU64(state.gdtBase() + BootState.CODE_SELECTOR))
        .isEqualTo(0x00af_9b00_0000_ffffL);
    assertThat(guest.memory.readU64(state.gdtBase() + BootState.DATA_SELECTOR))
        .isEqualTo(0x00cf_9300_0000_ffffL);
    assertThat(state.gdtLimit()).isEqualTo(6 * 8 - 1);
    assertThat(guest.bytes(0, 0x1_0000)).containsOnly(0);
    assertThat(guest.bytes(0x9_0000, 0x7_0000)).containsOnly(0);
  }

  private long translate(long cr3, long address) {
    long table = cr3;
    for (int shift = 39; shift > 21; shift -= 9) {
      long entry = guest.memory.readU64(table + ((address >>> shift) & 511) * 8);
      assertThat(entry & 0x83).isEqualTo(3);
      table = entry & ~0xfffL;
    }
    long entry = guest.memory.readU64(table + ((address >>> 21) & 511) * 8);
    assertThat(entry & 0x83).isEqualTo(0x83);
    return (entry & ~0x1f_ffffL) | (address & 0x1f_ffff);
  }

  @Test
  void shouldPutTheInitrdBelowTheEndOfRamWhenItIsAFile(@TempDir Path folder) throws IOException {
    byte[] content = new byte[3 * (int) MIB + 5];
    new Random(7).nextBytes(content);
    Path kernel = folder.resolve("vmlinuz");
    Path initrd = folder.resolve("initrd");
    Files.write(kernel, KernelFiles.bytes(KernelFiles.bzImage(PAYLOAD)));
    Files.write(initrd, content);
    guest.initrd = BootFile.of(initrd);

    BootState state = guest.load(BootFile.of(kernel));

    long page = state.rsi();
    long address = guest.memory.readU32(page + 0x218);
    assertThat(address).isEqualTo(61 * MIB - 4096);
    assertThat(guest.memory.readU32(page + 0x21c)).isEqualTo(content.length);
    assertThat(guest.memory.readU32(page + 0xc0)).isZero();
    assertThat(guest.memory.readU32(page + 0xc4)).isZero();
    assertThat(guest.bytes(address, content.length)).isEqualTo(content);
  }

  @Test
  void shouldKeepTheInitrdBelowTheKernelsMaximumWhenRamIsLarger() {
    ByteBuffer image = KernelFiles.bzImage(PAYLOAD).putInt(0x22c, 0x1ff_ffff);
    guest.initrd = BootFile.of("initrd", new byte[5000]);

    BootState state = guest.load(image);

    assertThat(guest.memory.readU32(state.rsi() + 0x218)).isEqualTo(0x200_0000 - 8192);
  }

  @Test
  void shouldPutTheInitrdBelowTheKernelWhenThereIsNoRoomAbove() {
    useRam(21 * MIB);
    guest.initrd = BootFile.of("initrd", new byte[4 * (int) MIB]);

    BootState state = guest.load(KernelFiles.bzImage(PAYLOAD));

    assertThat(guest.memory.readU32(state.rsi() + 0x218)).isEqualTo(12 * MIB);
  }

  @Test
  void shouldPutTheInitrdAbove4GiBWhenOnlyThereIsRoomAndTheKernelTakesIt() {
    useRam((3L << 30) + 64 * MIB);
    ByteBuffer image = KernelFiles.bzImage(PAYLOAD).putInt(0x22c, 0x17_ffff);
    image.putLong(0x258, MIB * 2).putInt(0x260, 0xbf00_0000);
    guest.initrd = BootFile.of("initrd", new byte[32 * (int) MIB]);

    BootState state = guest.load(image);

    long page = state.rsi();
    long high = guest.memory.readU32(page + 0xc0);
    assertThat((high << 32) | guest.memory.readU32(page + 0x218)).isEqualTo((4L << 30) + 32 * MIB);

    image.putShort(0x236, (short) 1);
    assertThatThrownBy(() -> guest.load(image))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageStartingWith("initrd initrd: 32768 KiB do not fit beside the kernel");
  }

  @Test
  void shouldLoadAtItsAlignmentWhenTheKernelPrefersAnUnalignedPlace() {
    ByteBuffer image = KernelFiles.bzImage(PAYLOAD).putLong(0x258, PREFERRED + 4096);

    assertThat(guest.load(image).rip()).isEqualTo(PREFERRED + 0x20_0000 + 0x200);

    image.put(0x234, (byte) 0);
    assertThat(guest.load(image).rip()).isEqualTo(PREFERRED + 4096 + 0x200);
  }

  @Test
  void shouldRefuseABzImageWhenItCannotBeStarted() {
    refuse(
        KernelFiles.bzImage(PAYLOAD).putShort(0x206, (short) 0x20b),
        "kernel test-kernel: Linux boot protocol 2.11 is too old, 2.12 or newer is needed");
    refuse(KernelFiles.bzImage(PAYLOAD).putShort(0x236, (short) 0), "a 32-bit kernel");
    refuse(KernelFiles.bzImage(PAYLOAD).put(0x211, (byte) 0), "a zImage");
    refuse(KernelFiles.bzImage(PAYLOAD).putInt(0x230, 0), "kernel_alignment 0x0");
    refuse(KernelFiles.bzImage(PAYLOAD).put(0x201, (byte) 8), "a bad setup header");
    refuse(
        KernelFiles.bzImage(PAYLOAD).putInt(0x260, 0x4000_0000),
        "the kernel (1073741824 bytes at 0x1000000) is outside the guest's RAM below 4 GiB"
            + " (0x0-0x9ffff, 0x100000-0x3ffffff); a larger --memory helps");
    guest.protocol = BootProtocol.PVH;
    refuse(KernelFiles.bzImage(PAYLOAD), "has no entry for --boot pvh; use --boot linux");
  }

  @Test
  void shouldSayThatAFileIsTruncatedWhenItIsShorterThanItsHeaderSays() {
    byte[] image = KernelFiles.bytes(KernelFiles.bzImage(PAYLOAD));

    refuse(
        ByteBuffer.wrap(Arrays.copyOf(image, image.length - 1)),
        "truncated: the kernel behind the setup code is 36864 bytes at offset 2048, the file has"
            + " 38911 bytes");
    refuse(ByteBuffer.wrap(Arrays.copyOf(image, 1000)), "truncated: the setup code is 2048 bytes");
  }

  @Test
  void shouldCheckTheCommandLineWhenTheKernelSaysHowLongItMayBe() {
    ByteBuffer image = KernelFiles.bzImage(PAYLOAD).putInt(0x238, 20);
    guest.commandLine = "x".repeat(20);
    guest.load(image);

    guest.commandLine = "x".repeat(21);
    refuse(image, "command line: 21 bytes, the kernel takes 20; shorten --append");
    guest.commandLine = "a\0b";
    refuse(image, "command line: it has a zero byte in it");
  }

  @Test
  void shouldEnterAVmlinuxAtItsPhysicalEntryWhenItIsElf64() {
    byte[] code = new byte[5000];
    new Random(3).nextBytes(code);
    guest.memory.fill(PREFERRED, 0x4000, 0xee);
    ByteBuffer elf =
        new KernelFiles.Elf(true, PREFERRED + 16)
            .load(VIRTUAL_BASE + PREFERRED, PREFERRED, code, 0x3000)
            .pvhNote(PREFERRED + 32)
            .build();
    guest.initrd = BootFile.of("initrd", new byte[100]);

    BootState state = guest.load(elf);

    assertThat(state.mode()).isEqualTo(BootState.Mode.LONG_64);
    assertThat(state.rip()).isEqualTo(PREFERRED + 16);
    assertThat(guest.bytes(PREFERRED, code.length)).isEqualTo(code);
    assertThat(guest.bytes(PREFERRED + code.length, 0x3000 - code.length)).containsOnly(0);
    assertThat(guest.memory.readU8(PREFERRED + 0x3000)).as("behind it").isEqualTo(0xee);
    long page = state.rsi();
    assertThat(guest.memory.readU16(page + 0x1fe)).isEqualTo(0xaa55);
    assertThat(guest.memory.readU32(page + 0x202)).as("HdrS").isEqualTo(0x5372_6448);
    assertThat(guest.memory.readU16(page + 0x206)).isEqualTo(0x20c);
    assertThat(guest.memory.readU8(page + 0x210)).isEqualTo(0xff);
    assertThat(guest.memory.readU8(page + 0x211)).isEqualTo(1);
    assertThat(guest.memory.readU32(page + 0x218)).isEqualTo(64 * MIB - 4096);
    assertThat(guest.text(guest.memory.readU32(page + 0x228))).isEqualTo("console=ttyS0");
    assertThat(guest.memory.readU64(page + 0x70)).isEqualTo(RSDP);
    assertThat(guest.memory.readU8(page + 0x1e8)).isEqualTo(4);
  }

  @Test
  void shouldTranslateTheEntryWhenAnElfGivesItAsVirtual() {
    ByteBuffer elf =
        new KernelFiles.Elf(true, VIRTUAL_BASE + PREFERRED + 8)
            .load(VIRTUAL_BASE + PREFERRED, PREFERRED, new byte[64], 64)
            .build();

    assertThat(guest.load(elf).rip()).isEqualTo(PREFERRED + 8);
  }

  @Test
  void shouldPlaceBootStructuresAroundTheImageWhenItLiesInLowMemory() {
    byte[] code = new byte[0x1_0000];
    Arrays.fill(code, (byte) 0x90);

    BootState state = guest.load(new KernelFiles.Elf(true, 0x8000).load(0x8000, code).build());

    assertThat(guest.bytes(0x8000, code.length)).containsOnly(0x90);
    assertThat(state.rsi()).isEqualTo(0x1_8000);
    assertThat(translate(state.cr3(), 0x8000)).isEqualTo(0x8000);
  }

  private void refuse(ByteBuffer image, String message) {
    assertThatThrownBy(() -> guest.load(image))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining(message);
  }
}
