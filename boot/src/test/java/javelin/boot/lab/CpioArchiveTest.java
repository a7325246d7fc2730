package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CpioArchiveTest {
  /** One entry as the kernel's unpacker would see it. */
  private record Entry(String name, int mode, int links, int major, int minor, String data) {}

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CpioArchive archive = new CpioArchive(bytes);

  @Test
  void shouldWriteEveryKindOfEntryWithItsParents() throws IOException {
    archive
        .file("/bin/tool", 0755, "12345")
        .symbolicLink("bin/link", "tool")
        .characterDevice("dev/console", 0600, 5, 1)
        .blockDevice("dev/sda", 0660, 8, 0)
        .directory("empty", 0700)
        .close();
    assertThat(entries())
        .containsExactly(
            new Entry("bin", 0040755, 2, 0, 0, ""),
            new Entry("bin/tool", 0100755, 1, 0, 0, "12345"),
            new Entry("bin/link", 0120777, 1, 0, 0, "tool"),
            new Entry("dev", 0040755, 2, 0, 0, ""),
            new Entry("dev/console", 0020600, 1, 5, 1, ""),
            new Entry("dev/sda", 0060660, 1, 8, 0, ""),
            new Entry("empty", 0040700, 2, 0, 0, ""));
  }

  @Test
  void shouldWriteTheHeaderThatTheKernelDocuments() throws IOException {
    archive.file("f", 0644, "abc").close();
    String text = bytes.toString(StandardCharsets.US_ASCII);
    assertThat(text)
        .startsWith(
            "070701"
                + ("00000001" + "000081A4" + "00000000" + "00000000" + "00000001" + "00000000")
                + ("00000003" + "00000000" + "00000000" + "00000000" + "00000000" + "00000002")
                + "00000000"
                + "f\0abc\0");
    assertThat(bytes.size() % 4).isZero();
  }

  @Test
  void shouldRefuseTheSameFileTwice() throws IOException {
    archive.file("a", 0644, "");
    assertThatThrownBy(() -> archive.file("/a", 0644, ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("/a");
  }

  @Test
  void shouldRefuseANameThatNamesNothing() {
    for (String name : List.of("", "/", "a/", "a\0b")) {
      assertThatThrownBy(() -> archive.file(name, 0644, ""))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void shouldEndOnceWhenClosedTwice() throws IOException {
    archive.close();
    int size = bytes.size();
    archive.close();
    assertThat(bytes.size()).isEqualTo(size);
    assertThat(entries()).isEmpty();
  }

  private List<Entry> entries() {
    byte[] all = bytes.toByteArray();
    List<Entry> entries = new ArrayList<>();
    int at = 0;
    while (true) {
      int header = at;
      assertThat(text(all, header, 6)).isEqualTo("070701");
      int size = field(all, header, 6);
      int nameSize = field(all, header, 11);
      String name = text(all, header + 110, nameSize - 1);
      assertThat(all[header + 110 + nameSize - 1]).isZero();
      int data = align(header + 110 + nameSize);
      at = align(data + size);
      if (name.equals("TRAILER!!!")) {
        assertThat(at).isEqualTo(all.length);
        return entries;
      }
      entries.add(
          new Entry(
              name,
              field(all, header, 1),
              field(all, header, 4),
              field(all, header, 9),
              field(all, header, 10),
              text(all, data, size)));
    }
  }

  private static int align(int offset) {
    return (offset + 3) & ~3;
  }

  private static int field(byte[] all, int header, int index) {
    return Integer.parseInt(text(all, header + 6 + 8 * index, 8), 16);
  }

  private static String text(byte[] all, int from, int length) {
    return new String(all, from, length, StandardCharsets.US_ASCII);
  }
}
