package javelin.boot.guest;

import java.util.List;

/**
 * A guest program as it lies in memory: what a loader needs to know, whatever the file format.
 *
 * @param entry guest-physical address of the 64-bit entry: long mode, paging on with the image and
 *     the zero page identity-mapped, RSI = zero page (Linux boot protocol, "64-bit boot protocol")
 * @param pvhEntry guest-physical address of the 32-bit PVH entry (EBX = hvm_start_info), 0 for none
 * @param segments what to load, in ascending order of address
 */
public record GuestProgram(long entry, long pvhEntry, List<Segment> segments) {

  /** Checks that the segments ascend without overlap and that the entry lies in one of them. */
  public GuestProgram {
    segments = List.copyOf(segments);
    long end = 0;
    for (Segment segment : segments) {
      if (segment.address() < end) {
        throw new IllegalArgumentException(
            "segment at 0x%x overlaps the one before it".formatted(segment.address()));
      }
      end = segment.address() + segment.memorySize();
    }
    requireInside(segments, entry);
    if (pvhEntry != 0) {
      requireInside(segments, pvhEntry);
    }
  }

  /** One executable segment of position-dependent 64-bit code, entered at its first byte. */
  public static GuestProgram ofCode(long address, byte[] code) {
    return new GuestProgram(
        address, 0, List.of(new Segment(address, code, code.length, Access.CODE)));
  }

  private static void requireInside(List<Segment> segments, long address) {
    if (segments.stream().noneMatch(s -> s.contains(address))) {
      throw new IllegalArgumentException("entry 0x%x is in no segment".formatted(address));
    }
  }

  /** How a segment is meant to be used. */
  public enum Access {
    /** Read and execute. */
    CODE,
    /** Read and write. */
    DATA
  }

  /** A piece of memory: {@code content}, followed by zeroes up to {@code memorySize} bytes. */
  public static final class Segment {
    private final long address;
    private final byte[] content;
    private final long memorySize;
    private final Access access;

    /**
     * A segment at a guest-physical address; {@code memorySize} is at least the content's length.
     */
    public Segment(long address, byte[] content, long memorySize, Access access) {
      if (memorySize < content.length) {
        throw new IllegalArgumentException("content is longer than the segment");
      }
      this.address = address;
      this.content = content.clone();
      this.memorySize = memorySize;
      this.access = access;
    }

    /** Guest-physical address. */
    public long address() {
      return address;
    }

    /** A copy of the bytes to load. */
    public byte[] content() {
      return content.clone();
    }

    /** Size in memory, in bytes. */
    public long memorySize() {
      return memorySize;
    }

    /** How the segment is meant to be used. */
    public Access access() {
      return access;
    }

    private boolean contains(long where) {
      return where >= address && where - address < memorySize;
    }
  }
}
