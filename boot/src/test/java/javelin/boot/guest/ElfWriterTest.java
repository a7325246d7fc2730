package javelin.boot.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import javelin.boot.guest.GuestProgram.Access;
import javelin.boot.guest.GuestProgram.Segment;
import org.junit.jupiter.api.Test;

final class ElfWriterTest {
  private static final int PHDR = 64;
  private static final int PHDR_SIZE = 56;

  private final Segment code = new Segment(0x10_0000, new byte[] {1, 2, 3}, 3, Access.CODE);
  private final Segment data = new Segment(0x10_2010, new byte[] {4, 5}, 0x1000, Access.DATA);

  @Test
  void shouldDescribeAnExecutableForX8664() {
    ByteBuffer file = write(new GuestProgram(0x10_0002, 0, List.of(code, data)));
    assertThat(file.getInt(0)).isEqualTo(0x464c_457f);
    assertThat(file.get(4)).as("class: 64-bit").isEqualTo((byte) 2);
    assertThat(file.get(5)).as("data: little endian").isEqualTo((byte) 1);
    assertThat(file.getShort(16)).as("type: EXEC").isEqualTo((short) 2);
    assertThat(file.getShort(18)).as("machine: x86-64").isEqualTo((short) 62);
    assertThat(file.getLong(24)).as("entry").isEqualTo(0x10_0002);
    assertThat(file.getLong(32)).as("program headers at").isEqualTo(PHDR);
    assertThat(file.getShort(54)).as("size of a program header").isEqualTo((short) PHDR_SIZE);
    assertThat(file.getShort(56)).as("number of program headers").isEqualTo((short) 2);
  }

  @Test
  void shouldLoadEachSegmentAtItsAddressWithRoomBehindIt() {
    ByteBuffer file = write(new GuestProgram(0x10_0000, 0, List.of(code, data)));
    assertLoad(file, PHDR, 5, code);
    assertLoad(file, PHDR + PHDR_SIZE, 6, data);
  }

  @Test
  void shouldNameThe32BitEntryInXenNoteWhenThereIsOne() {
    ByteBuffer file = write(new GuestProgram(0x10_0000, 0x10_0001, List.of(code)));
    assertThat(file.getShort(56)).isEqualTo((short) 2);
    assertThat(file.getInt(PHDR)).as("type: NOTE").isEqualTo(4);
    int note = (int) file.getLong(PHDR + 8);
    assertThat(file.getLong(PHDR + 32)).as("size of the note").isEqualTo(24);
    assertThat(file.getInt(note)).as("name size").isEqualTo(4);
    assertThat(file.getInt(note + 4)).as("descriptor size").isEqualTo(8);
    assertThat(file.getInt(note + 8)).as("XEN_ELFNOTE_PHYS32_ENTRY").isEqualTo(18);
    assertThat(file.getInt(note + 12)).as("Xen").isEqualTo(0x006e_6558);
    assertThat(file.getLong(note + 16)).isEqualTo(0x10_0001);
    assertLoad(file, PHDR + PHDR_SIZE, 5, code);
  }

  @Test
  void shouldRefuseSegmentsThatOverlapAndEntryOutsideThem() {
    Segment overlapping = new Segment(0x10_0002, new byte[1], 1, Access.DATA);
    assertThatThrownBy(() -> new GuestProgram(0x10_0000, 0, List.of(code, overlapping)))
        .hasMessageContaining("0x100002 overlaps");
    assertThatThrownBy(() -> new GuestProgram(0x10_0003, 0, List.of(code)))
        .hasMessageContaining("0x100003 is in no segment");
    assertThatThrownBy(() -> new GuestProgram(0x10_0000, 0xf_ffff, List.of(code)))
        .hasMessageContaining("0xfffff is in no segment");
    assertThatThrownBy(() -> new Segment(0, new byte[2], 1, Access.DATA))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static ByteBuffer write(GuestProgram program) {
    return ByteBuffer.wrap(ElfWriter.write(program)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void assertLoad(ByteBuffer file, int header, int flags, Segment segment) {
    assertThat(file.getInt(header)).as("type: LOAD").isEqualTo(1);
    assertThat(file.getInt(header + 4)).as("flags").isEqualTo(flags);
    assertThat(file.getLong(header + 16)).as("virtual address").isEqualTo(segment.address());
    assertThat(file.getLong(header + 24)).as("physical address").isEqualTo(segment.address());
    assertThat(file.getLong(header + 40)).as("memory size").isEqualTo(segment.memorySize());
    long offset = file.getLong(header + 8);
    assertThat(offset & 0xfff)
        .as("offset agrees with address")
        .isEqualTo(segment.address() & 0xfff);
    byte[] content = new byte[(int) file.getLong(header + 32)];
    file.get((int) offset, content);
    assertThat(content).isEqualTo(segment.content());
  }
}
