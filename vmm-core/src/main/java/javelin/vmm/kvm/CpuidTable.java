package javelin.vmm.kvm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import javelin.vmm.linux.NativeMemory;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * All that CPUID answers on one processor: an editable list of entries, in the kernel's order.
 *
 * <p>{@code struct kvm_cpuid2} (uapi asm/kvm.h): u32 nent, u32 padding, then entries of 40 bytes:
 * function, index, flags, eax, ebx, ecx, edx, each u32, and 12 bytes of padding. Not for several
 * threads at a time.
 */
public final class CpuidTable {
  private static final int HEADER_LENGTH = 8;
  private static final int ENTRY_LENGTH = 40;
  private static final int BASIC_MAXIMUM = 0;
  private static final int EXTENDED_MAXIMUM = 0x8000_0000;

  private final List<CpuidEntry> entries;

  /** A table of {@code entries}. */
  public CpuidTable(List<CpuidEntry> entries) {
    this.entries = new ArrayList<>(entries);
  }

  /** Reads a {@code struct kvm_cpuid2}, such as {@link KvmSystem#supportedCpuid} gives. */
  public static CpuidTable decode(DirectBuffer buffer) {
    int count = buffer.getInt(0);
    if (count < 0 || count > (buffer.capacity() - HEADER_LENGTH) / ENTRY_LENGTH) {
      throw new IllegalArgumentException(
          count + " CPUID entries do not fit in " + buffer.capacity() + " bytes");
    }
    List<CpuidEntry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int[] words = new int[7];
      for (int j = 0; j < words.length; j++) {
        int offset = HEADER_LENGTH + i * ENTRY_LENGTH + j * Integer.BYTES;
        words[j] = buffer.getInt(offset);
      }
      entries.add(
          new CpuidEntry(words[0], words[1], words[2], words[3], words[4], words[5], words[6]));
    }
    return new CpuidTable(entries);
  }

  /** A {@code struct kvm_cpuid2} for {@link KvmVcpu#cpuid}. */
  public UnsafeBuffer encode() {
    UnsafeBuffer buffer = NativeMemory.allocate(HEADER_LENGTH + entries.size() * ENTRY_LENGTH);
    buffer.putInt(0, entries.size());
    int offset = HEADER_LENGTH;
    for (CpuidEntry entry : entries) {
      int[] words = {
        entry.function(),
        entry.index(),
        entry.flags(),
        entry.eax(),
        entry.ebx(),
        entry.ecx(),
        entry.edx()
      };
      for (int i = 0; i < words.length; i++) {
        buffer.putInt(offset + i * Integer.BYTES, words[i]);
      }
      offset += ENTRY_LENGTH;
    }
    return buffer;
  }

  /** A table of its own with the same entries. */
  public CpuidTable copy() {
    return new CpuidTable(entries);
  }

  /** The entries in order. */
  public List<CpuidEntry> entries() {
    return List.copyOf(entries);
  }

  /** The entry of a leaf and sub-leaf. */
  public Optional<CpuidEntry> find(int function, int index) {
    return entries.stream()
        .filter(entry -> entry.function() == function && entry.index() == index)
        .findFirst();
  }

  /** A register of a leaf and sub-leaf; 0 where there is no such entry. */
  public int get(int function, int index, CpuidRegister register) {
    return find(function, index).map(entry -> entry.get(register)).orElse(0);
  }

  /** Sets the entry of its leaf and sub-leaf; a new one comes behind those of its leaf. */
  public void put(CpuidEntry entry) {
    int place = entries.size();
    for (int i = 0; i < entries.size(); i++) {
      CpuidEntry present = entries.get(i);
      if (present.function() == entry.function()) {
        if (present.index() == entry.index()) {
          entries.set(i, entry);
          return;
        }
        place = i + 1;
      }
    }
    entries.add(place, entry);
  }

  /** Changes each entry of a leaf; nothing happens where it has none. */
  public void update(int function, UnaryOperator<CpuidEntry> change) {
    entries.replaceAll(entry -> entry.function() == function ? change.apply(entry) : entry);
  }

  /** Removes all entries of a leaf; the guest then reads zeros, or the highest basic leaf. */
  public void remove(int function) {
    entries.removeIf(entry -> entry.function() == function);
  }

  /** Removes one sub-leaf. */
  public void remove(int function, int index) {
    entries.removeIf(entry -> entry.function() == function && entry.index() == index);
  }

  /** The highest basic leaf that the table claims to have. */
  public int highestBasicLeaf() {
    return get(BASIC_MAXIMUM, 0, CpuidRegister.EAX);
  }

  /** Whether the table claims to have the extended leaf {@code function}, 0x8000_0000 and above. */
  public boolean reachesExtendedLeaf(int function) {
    return Integer.compareUnsigned(get(EXTENDED_MAXIMUM, 0, CpuidRegister.EAX), function) >= 0;
  }

  /** The vendor's 12 characters, such as {@code "GenuineIntel"}. */
  public String vendor() {
    ByteBuffer text = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    text.putInt(get(BASIC_MAXIMUM, 0, CpuidRegister.EBX));
    text.putInt(get(BASIC_MAXIMUM, 0, CpuidRegister.EDX));
    text.putInt(get(BASIC_MAXIMUM, 0, CpuidRegister.ECX));
    return new String(text.array(), StandardCharsets.ISO_8859_1);
  }
}
