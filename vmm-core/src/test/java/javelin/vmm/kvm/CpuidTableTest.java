package javelin.vmm.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CpuidTableTest {
  @Test
  void shouldEncodeTheKernelsLayout() {
    CpuidEntry entry = new CpuidEntry(0xb, 1, 1, 0x11, 0x22, 0x33, 0x44);
    UnsafeBuffer buffer =
        new CpuidTable(List.of(new CpuidEntry(0, 0, 0, 5, 6, 7, 8), entry)).encode();
    assertThat(buffer.capacity()).isEqualTo(8 + 2 * 40);
    assertThat(buffer.getInt(0)).isEqualTo(2);
    assertThat(buffer.getInt(4)).isZero();
    int[] expected = {0xb, 1, 1, 0x11, 0x22, 0x33, 0x44, 0, 0, 0};
    for (int i = 0; i < expected.length; i++) {
      assertThat(buffer.getInt(48 + 4 * i)).as("word " + i).isEqualTo(expected[i]);
    }
    assertThat(CpuidTable.decode(buffer).entries()).last().isEqualTo(entry);
  }

  @Test
  void shouldDecodeWhatItEncodes() {
    for (CpuidTable table : List.of(TestCpuid.intel(), TestCpuid.amd())) {
      assertThat(CpuidTable.decode(table.encode()).entries()).isEqualTo(table.entries());
    }
  }

  @Test
  void shouldRefuseACountBeyondTheBuffer() {
    UnsafeBuffer buffer = new UnsafeBuffer(new byte[88]);
    buffer.putInt(0, 3);
    assertThatThrownBy(() -> CpuidTable.decode(buffer))
        .hasMessage("3 CPUID entries do not fit in 88 bytes");
    buffer.putInt(0, -1);
    assertThatThrownBy(() -> CpuidTable.decode(buffer))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void shouldReplaceAndAddEntriesBehindTheirLeaf() {
    CpuidTable table = TestCpuid.intel();
    int count = table.entries().size();
    table.put(new CpuidEntry(4, 3, 1, 9, 9, 9, 9));
    assertThat(table.entries()).hasSize(count);
    assertThat(table.get(4, 3, CpuidRegister.ECX)).isEqualTo(9);
    table.put(new CpuidEntry(4, 5, 1, 7, 0, 0, 0));
    List<CpuidEntry> entries = table.entries();
    int place = entries.indexOf(table.find(4, 5).orElseThrow());
    assertThat(entries.get(place - 1)).isEqualTo(table.find(4, 4).orElseThrow());
    table.remove(4, 5);
    assertThat(table.find(4, 5)).isEmpty();
    table.remove(4);
    assertThat(table.get(4, 0, CpuidRegister.EAX)).isZero();
    assertThat(table.entries()).hasSize(count - 5);
  }

  @Test
  void shouldLeaveTheOriginalAloneWhenACopyChanges() {
    CpuidTable table = TestCpuid.amd();
    table.copy().remove(1);
    assertThat(table.find(1, 0)).isPresent();
  }

  @Test
  void shouldKnowItsVendorAndReach() {
    assertThat(TestCpuid.intel().vendor()).isEqualTo("GenuineIntel");
    assertThat(TestCpuid.amd().vendor()).isEqualTo("AuthenticAMD");
    assertThat(TestCpuid.intel().highestBasicLeaf()).isEqualTo(0x1f);
    assertThat(TestCpuid.intel().reachesExtendedLeaf(0x8000_0008)).isTrue();
    assertThat(TestCpuid.intel().reachesExtendedLeaf(0x8000_0009)).isFalse();
    assertThat(new CpuidTable(List.of()).reachesExtendedLeaf(0x8000_0001)).isFalse();
    assertThat(TestCpuid.amd().find(1, 0).orElseThrow())
        .hasToString("CPUID 0x1.0: eax=00a00f11 ebx=03100800 ecx=76fa320b edx=178bfbff");
  }
}
