package javelin.vmm.memory;

import java.util.Objects;
import javelin.vmm.linux.Fd;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A contiguous region of guest RAM that is mapped in this process.
 *
 * <p>Agrona's buffers have int indices, so the region is a row of views of 1 GiB each. Every view
 * but the last is {@value #OVERLAP} bytes longer than its share, so that an access of up to 8 bytes
 * never crosses from one to the next.
 */
public final class RamRegion {
  private static final int VIEW_SHIFT = 30;
  private static final long VIEW_SIZE = 1L << VIEW_SHIFT;
  private static final int VIEW_MASK = (int) (VIEW_SIZE - 1);
  private static final int OVERLAP = 7;

  private final long guestAddress;
  private final long length;
  private final long hostAddress;
  private final Fd file;
  private final long fileOffset;
  private final UnsafeBuffer[] views;

  /**
   * @param guestAddress guest-physical address of the first byte
   * @param length bytes, above 0
   * @param hostAddress process address of the first byte
   * @param file what it is a shared mapping of; null for memory of this process alone
   * @param fileOffset place of the first byte in the file
   */
  RamRegion(long guestAddress, long length, long hostAddress, Fd file, long fileOffset) {
    this.guestAddress = guestAddress;
    this.length = length;
    this.hostAddress = hostAddress;
    this.file = file;
    this.fileOffset = fileOffset;
    views = new UnsafeBuffer[(int) ((length + VIEW_SIZE - 1) >>> VIEW_SHIFT)];
    for (int i = 0; i < views.length; i++) {
      long start = (long) i << VIEW_SHIFT;
      int size = (int) Math.min(VIEW_SIZE + OVERLAP, length - start);
      views[i] = new UnsafeBuffer(hostAddress + start, size);
    }
  }

  /** Guest-physical address of the first byte. */
  public long guestAddress() {
    return guestAddress;
  }

  /** Length in bytes. */
  public long length() {
    return length;
  }

  /** Guest-physical address behind the last byte. */
  public long guestEnd() {
    return guestAddress + length;
  }

  /** Process address of the first byte. */
  public long hostAddress() {
    return hostAddress;
  }

  /** What it is a shared mapping of, and stays open as long; null for memory of no file. */
  public Fd file() {
    return file;
  }

  /** Place of the first byte in {@link #file}. */
  public long fileOffset() {
    return fileOffset;
  }

  /**
   * Whether all of {@code size} bytes at {@code address} lie in this region; safe for any values.
   */
  public boolean contains(long address, long size) {
    long offset = address - guestAddress;
    return offset >= 0 && size >= 0 && size <= length && offset <= length - size;
  }

  /** The view that holds the bytes at {@code offset}; {@link #index} is their place in it. */
  UnsafeBuffer view(long offset) {
    return views[(int) (offset >>> VIEW_SHIFT)];
  }

  static int index(long offset) {
    return (int) offset & VIEW_MASK;
  }

  /** Bytes from {@code offset} to the end of its view's own share. */
  static int shareLeft(long offset) {
    return (int) (VIEW_SIZE - index(offset));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RamRegion region
        && region.guestAddress == guestAddress
        && region.length == length
        && region.hostAddress == hostAddress;
  }

  @Override
  public int hashCode() {
    return Objects.hash(guestAddress, length, hostAddress);
  }

  @Override
  public String toString() {
    return String.format("RAM 0x%x-0x%x", guestAddress, guestEnd() - 1);
  }
}
