package javelin.boot.kernel;

import static javelin.boot.kernel.LoaderFixture.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelLoaderTest {
  private static final int LOAD = 0x20_0000;

  private final LoaderFixture guest = new LoaderFixture(32 * MIB);

  @AfterEach
  void closeGuest() {
    guest.close();
  }

  @Test
  void shouldNameTheFileWhenThereIsNoneToRead(@TempDir Path folder) throws IOException {
    Path missing = folder.resolve("missing");
    Path empty = Files.createFile(folder.resolve("empty"));

    refuse(BootFile.of(missing), "kernel " + missing + ": no such file");
    refuse(BootFile.of(folder), "kernel " + folder + ": is a directory, give a file");
    refuse(BootFile.of(empty), "kernel " + empty + ": the file is empty");
    refuse(BootFile.of(Path.of("/dev/null")), "kernel /dev/null: is no plain file");
    refuse(BootFile.of(empty.resolve("x")), "kernel " + empty.resolve("x") + ": ");
    refuse(BootFile.of("made", new byte[0]), "kernel made: the file is empty");
    guest.initrd = BootFile.of(missing);
    refuse(
        BootFile.of("made", KernelFiles.bytes(KernelFiles.bzImage(16))),
        "initrd " + missing + ": no such file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1f8b0800|gzip-compressed data; unpack it with gunzip",
        "fd377a585a00|xz-compressed data",
        "303730373031|a cpio archive; it belongs to --initrd",
        "2321202f|a script",
        "4d5a9000|an EFI program",
        "0102030405060708|a file that starts with the bytes 0102030405060708",
        "00|a file that starts with the bytes 00",
      })
  void shouldSayWhatAFileIsWhenItIsNoKernel(String hex, String found) {
    byte[] content = HexFormat.of().parseHex(hex);

    assertThatThrownBy(() -> guest.load(BootFile.of("file", content)))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageStartingWith("kernel file: not a kernel but " + found)
        .hasMessageEndingWith(
            "Javelin boots Linux bzImage, ELF (64-bit vmlinux, PVH) and Multiboot 1 images");
  }

  @Test
  void shouldSayThatItIsABootSectorWhenOnlyItsFlagIsThere() {
    ByteBuffer sector = KernelFiles.little(512).putShort(510, (short) 0xaa55);

    assertThatThrownBy(() -> guest.load(sector))
        .hasMessageContaining("not a kernel but a boot sector without Linux's boot header");
  }

  @Test
  void shouldLoadTheSameStateAgainWhenTheGuestHasScribbledOverIt() {
    ByteBuffer image = KernelFiles.bzImage(0x400);
    BootState first = guest.load(image);
    byte[] low = guest.bytes(0x1_0000, 0x2_0000);
    guest.memory.fill(0, 0xa_0000, 0xff);

    BootState second = guest.load(image);

    assertThat(second).isEqualTo(first);
    for (long page : new long[] {first.rsi(), first.cr3(), first.gdtBase()}) {
      int offset = (int) (page - 0x1_0000);
      assertThat(guest.bytes(page, 4096)).isEqualTo(Arrays.copyOfRange(low, offset, offset + 4096));
    }
  }

  @Test
  void shouldThrowNothingButItsExceptionWhenHeadersAreCorrupt() {
    byte[] elf64 =
        KernelFiles.bytes(
            new KernelFiles.Elf(true, LOAD).load(LOAD, new byte[600]).pvhNote(LOAD).build());
    byte[] elf32 =
        KernelFiles.bytes(
            new KernelFiles.Elf(false, LOAD + 16)
                .load(LOAD, KernelFiles.multibootCode(0, 600))
                .pvhNote(LOAD)
                .build());
    byte[] flat = KernelFiles.bytes(KernelFiles.flatMultiboot(LOAD, 700, 100));
    byte[] bzImage = KernelFiles.bytes(KernelFiles.bzImage(0x400));
    long seed = 20261122;
    SplittableRandom random = new SplittableRandom(seed);
    int loaded = 0;
    int refused = 0;
    for (byte[] good : List.of(elf64, elf32, flat, bzImage)) {
      boolean isBzImage = Arrays.equals(good, bzImage);
      int start = isBzImage ? 0x1f1 : 0;
      int span = isBzImage ? 0x80 : 300;
      for (int round = 0; round < 2000; round++) {
        byte[] bad = good.clone();
        for (int i = random.nextInt(1, 4); i > 0; i--) {
          // Whole bytes at the extremes find more than flipped bits do.
          int kind = random.nextInt(3);
          bad[start + random.nextInt(span)] =
              (byte) (kind == 0 ? random.nextInt() : kind == 1 ? 0xff : 0);
        }
        int length = random.nextInt(8) == 0 ? random.nextInt(1, bad.length) : bad.length;
        guest.protocol = BootProtocol.values()[random.nextInt(4)];
        guest.initrd = random.nextBoolean() ? null : BootFile.of("initrd", new byte[100]);
        try {
          BootState state = guest.load(BootFile.of("fuzzed", Arrays.copyOf(bad, length)));
          assertThat(guest.memory.contains(state.rip(), 1)).isTrue();
          loaded++;
        } catch (KernelLoadException e) {
          assertThat(e.getMessage()).startsWith("kernel fuzzed: ").doesNotContain("\n");
          refused++;
        } catch (RuntimeException e) {
          throw new AssertionError("seed " + seed + ", round " + round, e);
        }
      }
    }
    assertThat(guest.bytes(0xa_0000, 0x6_0000)).as("the legacy area is no RAM").containsOnly(0);
    assertThat(loaded).isGreaterThan(500);
    assertThat(refused).isGreaterThan(500);
  }

  @Test
  void shouldRefuseWhenTheGuestHasNoRam() {
    KernelConfig config =
        new KernelConfig(
            BootFile.of("made", KernelFiles.bytes(KernelFiles.bzImage(16))),
            null,
            "",
            BootProtocol.AUTO,
            1,
            0,
            List.of());

    assertThatThrownBy(() -> new KernelLoader(Linux.system()).load(config, new GuestMemory()))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageContaining("is outside the guest's RAM");
  }

  private void refuse(BootFile kernel, String message) {
    assertThatThrownBy(() -> guest.load(kernel))
        .isInstanceOf(KernelLoadException.class)
        .hasMessageStartingWith(message);
  }
}
