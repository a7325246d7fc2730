package javelin.boot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.FilterOptions;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZOutputStream;

class UnpackedKernelsTest {
  private static final int SETUP = 3 * 512;
  private static final int PAYLOAD = 0x80;
  private static final int TRAILER = 24;

  @TempDir Path folder;
  private Path cache;
  private final List<String> said = Collections.synchronizedList(new ArrayList<>());
  private UnpackedKernels kernels;

  /** What is packed, an ELF file by its first bytes. */
  private final byte[] vmlinux = new byte[100_000];

  @BeforeEach
  void prepare() {
    new Random(1).nextBytes(vmlinux);
    ByteBuffer.wrap(vmlinux).order(ByteOrder.LITTLE_ENDIAN).putInt(0, ElfImage.MAGIC);
    cache = folder.resolve("cache");
    kernels = new UnpackedKernels(cache, said::add);
  }

  private interface Packer {
    OutputStream pack(OutputStream out) throws IOException;
  }

  private static OutputStream xz(OutputStream out) throws IOException {
    return new XZOutputStream(out, new FilterOptions[] {new X86Options(), new LZMA2Options(1)});
  }

  private static byte[] packed(byte[] content, Packer packer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = packer.pack(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  private Path bzImage(byte[] packed, int unpackedLength) throws IOException {
    int length = packed.length + Integer.BYTES;
    ByteBuffer image =
        ByteBuffer.allocate(SETUP + PAYLOAD + length + 64).order(ByteOrder.LITTLE_ENDIAN);
    image.put(0x1f1, (byte) 2).putShort(0x1fe, (short) 0xaa55).putInt(0x202, 0x5372_6448);
    image.putShort(0x206, (short) 0x20f).putInt(0x248, PAYLOAD).putInt(0x24c, length);
    image.put(SETUP + PAYLOAD, packed);
    image.putInt(SETUP + PAYLOAD + packed.length, unpackedLength);
    return Files.write(folder.resolve("bzImage"), image.array());
  }

  private byte[] contentOf(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    return Arrays.copyOf(bytes, bytes.length - TRAILER);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void shouldUnpackOnceWhatIsPackedByXz() throws Exception {
    Path image = bzImage(packed(vmlinux, UnpackedKernelsTest::xz), vmlinux.length);

    Path first = kernels.of(image);
    Path second = kernels.of(image);

    assertThat(contentOf(first)).isEqualTo(vmlinux);
    assertThat(second).isEqualTo(first);
    assertThat(said).containsExactly("unpacking " + image + " into " + cache + ", once");
    assertThat(files()).containsExactly(first.getFileName().toString());
  }

  @Test
  void shouldUnpackAnewWhenTheImageHasChanged() throws Exception {
    Path first = kernels.of(bzImage(packed(vmlinux, GZIPOutputStream::new), vmlinux.length));
    vmlinux[5000]++;

    Path second = kernels.of(bzImage(packed(vmlinux, GZIPOutputStream::new), vmlinux.length));

    assertThat(second).isNotEqualTo(first);
    assertThat(contentOf(second)).isEqualTo(vmlinux);
  }

  @Test
  void shouldUnpackAnewWhenTheCachedFileIsNotWhole() throws Exception {
    Path image = bzImage(packed(vmlinux, UnpackedKernelsTest::xz), vmlinux.length);
    Path cached = kernels.of(image);
    byte[] whole = Files.readAllBytes(cached);
    Random random = new Random(2);

    for (int i = 0; i < 20; i++) {
      byte[] broken = whole.clone();
      if (i % 3 == 0) {
        broken = Arrays.copyOf(whole, random.nextInt(whole.length));
      } else if (i % 3 == 1) {
        broken[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
      } else {
        random.nextBytes(broken);
      }
      Files.write(cached, broken);
      assertThat(kernels.of(image)).isEqualTo(cached);
      assertThat(Files.readAllBytes(cached)).as("round %d", i).isEqualTo(whole);
    }
  }

  @Test
  void shouldHaveOneWholeFileWhenManyUnpackAtOnce() throws Exception {
    Path image = bzImage(packed(vmlinux, UnpackedKernelsTest::xz), vmlinux.length);

    var all =
        IntStream.range(0, 8)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> kernels.of(image)))
            .toList();

    for (CompletableFuture<Path> one : all) {
      assertThat(contentOf(one.get())).isEqualTo(vmlinux);
    }
    assertThat(files()).hasSize(1);
  }

  @Test
  void shouldStartTheImageItselfWhenTheCacheCannotBeWritten() throws Exception {
    Path image = bzImage(packed(vmlinux, UnpackedKernelsTest::xz), vmlinux.length);
    Files.writeString(cache, "a file where the folder should be");

    assertThat(kernels.of(image)).isEqualTo(image);
    assertThat(said).last().asString().startsWith(image + " is started as it is, packed: ");
  }

  @Test
  void shouldStartTheImageItselfWhenItCannotBeUnpacked() throws Exception {
    byte[] xz = packed(vmlinux, UnpackedKernelsTest::xz);
    byte[] lz4 = {0x02, 0x21, 0x4c, 0x18, 1, 2, 3, 4, 5};

    assertPacked(bzImage(lz4, 9), "it is packed by neither xz nor gzip");
    assertPacked(bzImage(xz, 7), "its payload is 100000 bytes, not 7");
    xz[xz.length / 2] ^= 1;
    assertPacked(bzImage(xz, vmlinux.length), "");
    vmlinux[0] = 0;
    assertPacked(
        bzImage(packed(vmlinux, GZIPOutputStream::new), vmlinux.length),
        "what is packed in it is no ELF file");
    assertPacked(Files.writeString(folder.resolve("text"), "no kernel"), "it is no bzImage");
    assertPacked(folder.resolve("missing"), "");
    assertThat(files()).isEmpty();
  }

  private void assertPacked(Path image, String why) {
    assertThat(kernels.of(image)).isEqualTo(image);
    assertThat(said).last().asString().startsWith(image + " is started as it is, packed: " + why);
  }

  @Test
  void shouldNotReadBeyondTheImageWhenItsHeaderSaysSo() throws Exception {
    Path image = bzImage(packed(vmlinux, UnpackedKernelsTest::xz), vmlinux.length);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(image)).order(ByteOrder.LITTLE_ENDIAN);
    for (int length : new int[] {0, 3, bytes.capacity(), -1}) {
      Files.write(image, bytes.putInt(0x24c, length).array());
      assertPacked(image, "its header names no payload in it");
    }
  }
}
