package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LabKernelTest {
  @TempDir private Path folder;

  @Test
  void shouldReadTheReleaseFromTheBootHeader() throws IOException {
    LabKernel kernel = LabKernel.of(LabFixture.kernelImage(folder, "6.1.0-9-amd64"));
    assertThat(kernel.release()).isEqualTo("6.1.0-9-amd64");
    assertThat(kernel.modules()).isEqualTo(folder.resolve("lib/modules/6.1.0-9-amd64"));
  }

  @Test
  void shouldRefuseAFileThatIsNoKernel() throws IOException {
    for (int size : new int[] {0, 0x203, 0x20F, 0x210, 0x9000}) {
      Path file = folder.resolve("file" + size);
      Files.write(file, new byte[size]);
      assertThatThrownBy(() -> LabKernel.of(file))
          .isInstanceOf(LabException.class)
          .hasMessageContaining(file + " is no Linux bzImage");
    }
  }

  @Test
  void shouldNameAKernelFileThatIsMissing() {
    assertThatThrownBy(() -> LabKernel.of(folder.resolve("none")))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("cannot read kernel");
  }

  @Test
  void shouldSayWhereModulesAreLookedForWhenThereAreNone() throws IOException {
    Path image = LabFixture.kernelImage(folder, "6.1.0");
    Files.delete(folder.resolve("lib/modules/6.1.0/modules.order"));
    assertThatThrownBy(() -> LabKernel.of(image))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("lib/modules/6.1.0");
  }

  @Test
  void shouldOrderModulesAfterWhatTheyDependOn() throws IOException {
    LabKernel kernel = LabKernel.of(LabFixture.kernelImage(folder, "6.1.0"));
    module(kernel, "top.ko", "depends=low-one,overlay\0softdep=pre: soft crypto-none post: x\0");
    module(kernel, "low-one.ko", "depends=\0license=GPL\0");
    module(kernel, "soft.ko", "depends=low_one\0");
    Files.writeString(kernel.modules().resolve("modules.order"), "top.ko\nlow-one.ko\nsoft.ko\n");
    assertThat(kernel.modulesInOrder(List.of("top"), List.of("absent")).keySet())
        .containsExactly("low_one", "soft", "top");
  }

  @Test
  void shouldReadACompressedModule() throws IOException {
    LabKernel kernel = LabKernel.of(LabFixture.kernelImage(folder, "6.1.0"));
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(elf("depends=\0"));
    }
    Files.write(kernel.modules().resolve("a.ko.gz"), packed.toByteArray());
    Files.writeString(kernel.modules().resolve("modules.order"), "a.ko\n");
    assertThat(kernel.modulesInOrder(List.of("a"), List.of()))
        .hasEntrySatisfying("a", bytes -> assertThat(bytes).isEqualTo(elf("depends=\0")));
  }

  @Test
  void shouldNameAModuleThatTheKernelLacksOrThatIsBroken() throws IOException {
    LabKernel kernel = LabKernel.of(LabFixture.kernelImage(folder, "6.1.0"));
    assertThatThrownBy(() -> kernel.modulesInOrder(List.of("vfio"), List.of()))
        .isInstanceOf(LabException.class)
        .hasMessage("kernel 6.1.0 has no module vfio");
    Files.write(kernel.modules().resolve("bad.ko"), new byte[] {1, 2, 3, 4, 5, 6});
    Files.writeString(kernel.modules().resolve("modules.order"), "bad.ko\n");
    assertThatThrownBy(() -> kernel.modulesInOrder(List.of("bad"), List.of()))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("bad.ko is no 64-bit ELF file");
  }

  private static void module(LabKernel kernel, String name, String info) throws IOException {
    Files.write(kernel.modules().resolve(name), elf(info));
  }

  /** An ELF file with two sections: .modinfo and the table of section names. */
  private static byte[] elf(String info) {
    byte[] fields = info.getBytes(StandardCharsets.US_ASCII);
    byte[] names = "\0.modinfo\0".getBytes(StandardCharsets.US_ASCII);
    int namesAt = 64 + fields.length;
    int table = namesAt + names.length;
    ByteBuffer elf = ByteBuffer.allocate(table + 2 * 64).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0, 0x464C457F).put(4, (byte) 2);
    elf.putLong(0x28, table).putShort(0x3A, (short) 64).putShort(0x3C, (short) 2);
    elf.putShort(0x3E, (short) 1);
    elf.position(64).put(fields).put(names);
    elf.putInt(table, 1).putLong(table + 0x18, 64).putLong(table + 0x20, fields.length);
    elf.putLong(table + 64 + 0x18, namesAt).putLong(table + 64 + 0x20, names.length);
    return elf.array();
  }
}
