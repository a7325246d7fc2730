package javelin.boot.kernel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static javelin.boot.kernel.LoaderFixture.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MultibootLoaderTest {
  private static final int LOAD = 0x40_0000;
  private static final String FACTS =
      "NR_CPUS=2\nMEMSIZE=64\nMEMLIMIT=0\nTEST_DEVICE=1\nBOOTLOADER=0\n";

  private final LoaderFixture guest = new LoaderFixture(64 * MIB);

  @AfterEach
  void closeGuest() {
    guest.close();
  }

  private static ByteBuffer elf(int flags) {
    return new KernelFiles.Elf(false, LOAD + 12)
        .load(LOAD, LOAD, KernelFiles.multibootCode(flags, 500), 0x1234)
        .build();
  }

  @Test
  void shouldStartWithMagicAndInformationWhenAnElf32HasTheHeader() {
    guest.memory.fill(LOAD, 0x2000, 0xee);
    guest.commandLine = "a b";

    BootState state = guest.load(elf(0));

    assertThat(state.mode()).isEqualTo(BootState.Mode.PROTECTED_32);
    assertThat(state.rip()).isEqualTo(LOAD + 12);
    assertThat(state.rax()).isEqualTo(0x2bad_b002L);
    assertThat(guest.memory.readU32(LOAD)).isEqualTo(0x1bad_b002L);
    assertThat(guest.memory.readU8(LOAD + 499)).isEqualTo(0x5a);
    assertThat(guest.bytes(LOAD + 500, 0x1234 - 500)).containsOnly(0);
    assertThat(guest.memory.readU8(LOAD + 0x1234)).isEqualTo(0xee);

    long info = state.rbx();
    assertThat(guest.memory.readU32(info)).as("flags").isEqualTo(0x24d);
    assertThat(guest.memory.readU32(info + 4)).as("mem_lower").isEqualTo(640);
    assertThat(guest.memory.readU32(info + 8)).as("mem_upper").isEqualTo(63 * 1024);
    assertThat(guest.text(guest.memory.readU32(info + 16))).isEqualTo("test-kernel a b");
    assertThat(guest.text(guest.memory.readU32(info + 64))).isEqualTo("Javelin");
  }

  @Test
  void shouldListTheMemoryMapWhenItStarts() {
    long info = guest.load(elf(0)).rbx();

    long length = guest.memory.readU32(info + 44);
    long map = guest.memory.readU32(info + 48);
    assertThat(length).isEqualTo(4 * 24);
    assertThat(guest.memory.readU32(map)).as("size").isEqualTo(20);
    assertThat(guest.memory.readU64(map + 4)).isZero();
    assertThat(guest.memory.readU64(map + 12)).isEqualTo(0xa_0000);
    assertThat(guest.memory.readU32(map + 20)).isEqualTo(1);
    assertThat(guest.memory.readU64(map + 24 + 4)).isEqualTo(0xe_0000);
    assertThat(guest.memory.readU32(map + 24 + 20)).isEqualTo(2);
    assertThat(guest.memory.readU64(map + 48 + 4)).isEqualTo(MIB);
    assertThat(guest.memory.readU64(map + 48 + 12)).isEqualTo(63 * MIB);
  }

  @Test
  void shouldMakeAnEnvironmentModuleBehindTheKernelWhenThereIsNoInitrd() {
    long info = guest.load(elf(0)).rbx();

    assertThat(guest.memory.readU32(info + 20)).as("modules").isEqualTo(1);
    long module = guest.memory.readU32(info + 24);
    assertThat(guest.memory.readU32(module)).isEqualTo(LOAD + 0x2000);
    assertThat(module(info)).isEqualTo(FACTS);
    assertThat(guest.text(guest.memory.readU32(module + 8))).startsWith("test-kernel");
  }

  @Test
  void shouldAddTheMachinesFactsWhenTheInitrdIsAnEnvironment() {
    String given = "# mine\nACCEL=kvm\nMEMLIMIT=16\n\nXNR_CPUS=9";
    guest.initrd = BootFile.of("env", given.getBytes(US_ASCII));

    String expected =
        """
        # mine
        ACCEL=kvm
        MEMLIMIT=16

        XNR_CPUS=9
        NR_CPUS=2
        MEMSIZE=64
        TEST_DEVICE=1
        BOOTLOADER=0
        """;
    assertThat(module(guest.load(elf(0)).rbx())).isEqualTo(expected);
  }

  @Test
  void shouldPassTheInitrdUnchangedWhenItIsNoEnvironment() {
    String content = "A=1\0binary";
    guest.initrd = BootFile.of("module", content.getBytes(US_ASCII));
    assertThat(module(guest.load(elf(0)).rbx())).isEqualTo(content);

    byte[] large = new byte[2 * (int) MIB + 3];
    large[large.length - 1] = 'x';
    guest.initrd = BootFile.of("module", large);
    String loaded = module(guest.load(elf(0)).rbx());
    assertThat(loaded).hasSize(large.length).endsWith("\0x");

    guest.initrd = BootFile.of("module", new byte[62 * (int) MIB]);
    assertThatThrownBy(() -> guest.load(elf(0)))
        .isInstanceOf(KernelLoadException.class)
        .hasMessage(
            "initrd module: 63488 KiB do not fit beside the kernel, which ends at 0x401234, in"
                + " 64512 KiB of RAM that the kernel takes it in; give the guest more with"
                + " --memory");
  }

  private String module(long info) {
    long module = guest.memory.readU32(info + 24);
    long start = guest.memory.readU32(module);
    long end = guest.memory.readU32(module + 4);
    return new String(guest.bytes(start, (int) (end - start)), US_ASCII);
  }

  @Test
  void shouldUseTheHeadersAddressesWhenItHasThem() {
    guest.memory.fill(0x10_0000, 0x3000, 0xee);

    BootState state = guest.load(KernelFiles.flatMultiboot(0x10_0000, 0x800, 0x100));

    assertThat(state.rip()).isEqualTo(0x10_0000 + 128);
    assertThat(guest.memory.readU32(0x10_0000 + 64)).isEqualTo(0x1bad_b002L);
    assertThat(guest.memory.readU8(0x10_07ff)).isEqualTo(0x77);
    assertThat(guest.bytes(0x10_0800, 0x100)).containsOnly(0);
    assertThat(guest.memory.readU8(0x10_0900)).isEqualTo(0xee);

    ByteBuffer whole = KernelFiles.flatMultiboot(0x20_0000, 0x800, 0).putInt(84, 0).putInt(88, 0);
    assertThat(guest.load(whole).rip()).isEqualTo(0x20_0000 + 128);
    assertThat(guest.memory.readU8(0x20_07ff)).isEqualTo(0x77);
  }

  @Test
  void shouldRefuseWhenTheHeadersAddressesMakeNoSense() {
    String text = "bad addresses in its Multiboot header";
    refuse(KernelFiles.flatMultiboot(LOAD, 0x800, 0).putInt(76, LOAD + 65), text);
    refuse(KernelFiles.flatMultiboot(LOAD, 0x800, 0).putInt(92, LOAD + 0x800), text);
    refuse(KernelFiles.flatMultiboot(LOAD, 0x800, 0).putInt(84, LOAD), text);
    refuse(
        KernelFiles.flatMultiboot(LOAD, 0x800, 0).putInt(84, LOAD + 0x801),
        "truncated: the image is 2049 bytes at offset 0, the file has 2048 bytes");
    refuse(
        KernelFiles.flatMultiboot(LOAD, 0x800, 0).putInt(88, -1),
        "the image (4290772991 bytes at 0x400000) is outside the guest's RAM");
  }

  @Test
  void shouldRefuseWhenTheHeaderAsksForTooMuch() {
    refuse(elf(4), "asks for what Javelin has not (flags 0x4): a video mode");
    refuse(elf(0x100), "asks for what Javelin has not (flags 0x100)");
    ByteBuffer bare = KernelFiles.little(64).put(0, KernelFiles.multibootCode(0, 64));
    refuse(bare, "a Multiboot image that is no ELF file and has no addresses either");
    guest.protocol = BootProtocol.LINUX;
    refuse(
        elf(0),
        "an ELF32 file with a Multiboot header and without PVH note cannot be started by"
            + " --boot linux");
    refuse(KernelFiles.flatMultiboot(LOAD, 0x800, 0), "no entry for --boot linux");
  }

  @Test
  void shouldPlaceItsStructuresAroundTheImageWhenItLiesInLowMemory() {
    ByteBuffer low =
        new KernelFiles.Elf(false, 0x8000)
            .load(0x8000, 0x8000, KernelFiles.multibootCode(0, 500), 0x9000)
            .build();

    BootState state = guest.load(low);

    assertThat(state.rip()).isEqualTo(0x8000);
    assertThat(state.rbx()).isEqualTo(0x1_1000);
    assertThat(guest.memory.readU32(guest.memory.readU32(state.rbx() + 24))).isEqualTo(MIB);
  }

  private void refuse(ByteBuffer image, String message) {
    assertThatThrownBy(() -> guest.load(image))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining(message);
  }
}
