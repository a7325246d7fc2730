package javelin.vmm.memory;

import static org.agrona.BitUtil.SIZE_OF_BYTE;
import static org.agrona.BitUtil.SIZE_OF_INT;
import static org.agrona.BitUtil.SIZE_OF_LONG;
import static org.agrona.BitUtil.SIZE_OF_SHORT;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Resources;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Guest RAM by guest-physical address. Every access is checked against the regions; values are
 * little-endian, as the host's are.
 *
 * <p>Threads: access is free for all threads and takes no lock. Regions are added and removed under
 * the object's lock; whoever removes one makes sure that no vCPU or device still uses it.
 */
public final class GuestMemory {
  private static final RamRegion[] NONE = {};

  private final List<MemoryListener> listeners = new ArrayList<>();
  private volatile RamRegion[] regions = NONE;

  /** All regions, by ascending address. */
  public List<RamRegion> regions() {
    return List.of(regions);
  }

  /** Bytes of RAM in all regions. */
  public long size() {
    long size = 0;
    for (RamRegion region : regions) {
      size += region.length();
    }
    return size;
  }

  /**
   * Adds a listener and tells it of the regions that are there. Where it refuses one, it hears the
   * removal of those before it and is not added.
   */
  public synchronized void addListener(MemoryListener listener) {
    RamRegion[] present = regions;
    for (int i = 0; i < present.length; i++) {
      try {
        listener.regionAdded(present[i]);
      } catch (RuntimeException refusal) {
        for (int j = i - 1; j >= 0; j--) {
          undo(listener, present[j], refusal);
        }
        throw refusal;
      }
    }
    listeners.add(listener);
  }

  /**
   * Tells {@code listener} that every region is going, also where it throws at one of them, and
   * forgets it.
   */
  public synchronized void removeListener(MemoryListener listener) {
    if (listeners.remove(listener)) {
      try (Resources removals = new Resources()) {
        for (RamRegion region : regions) {
          removals.own((AutoCloseable) () -> listener.regionRemoved(region));
        }
      }
    }
  }

  /**
   * Makes mapped memory guest RAM.
   *
   * @param guestAddress guest-physical address of its first byte
   * @param length bytes
   * @param hostAddress process address of its first byte; stays mapped until the region is removed
   * @throws IllegalArgumentException where the range wraps or overlaps another region
   */
  public RamRegion add(long guestAddress, long length, long hostAddress) {
    return add(guestAddress, length, hostAddress, null, 0);
  }

  /**
   * As above, for a shared mapping of a file, which other processes can be given.
   *
   * @param file open for as long as the region is there
   * @param fileOffset place of the first byte in it
   */
  public synchronized RamRegion add(
      long guestAddress, long length, long hostAddress, Fd file, long fileOffset) {
    if (length <= 0 || guestAddress < 0 || guestAddress + length < 0) {
      throw new IllegalArgumentException(
          String.format("RAM range 0x%x, %d bytes, is empty or wraps", guestAddress, length));
    }
    RamRegion added = new RamRegion(guestAddress, length, hostAddress, file, fileOffset);
    List<RamRegion> next = new ArrayList<>(List.of(regions));
    int place = 0;
    for (RamRegion region : regions) {
      if (added.guestAddress() < region.guestEnd() && region.guestAddress() < added.guestEnd()) {
        throw new IllegalArgumentException(added + " overlaps " + region);
      }
      if (region.guestAddress() < added.guestAddress()) {
        place++;
      }
    }
    next.add(place, added);
    for (int i = 0; i < listeners.size(); i++) {
      try {
        listeners.get(i).regionAdded(added);
      } catch (RuntimeException refusal) {
        for (int j = i - 1; j >= 0; j--) {
          undo(listeners.get(j), added, refusal);
        }
        throw refusal;
      }
    }
    regions = next.toArray(NONE);
    return added;
  }

  /**
   * Takes a region away; all listeners hear of it, the latest first, also where one of them throws.
   */
  public synchronized void remove(RamRegion region) {
    List<RamRegion> next = new ArrayList<>(List.of(regions));
    if (!next.remove(region)) {
      throw new IllegalArgumentException(region + " is not guest RAM");
    }
    regions = next.toArray(NONE);
    try (Resources removals = new Resources()) {
      for (MemoryListener listener : listeners) {
        removals.own((AutoCloseable) () -> listener.regionRemoved(region));
      }
    }
  }

  private static void undo(MemoryListener listener, RamRegion region, RuntimeException refusal) {
    try {
      listener.regionRemoved(region);
    } catch (RuntimeException second) {
      refusal.addSuppressed(second);
    }
  }

  /** Whether {@code length} bytes at {@code address} lie in one region; safe for any values. */
  public boolean contains(long address, long length) {
    for (RamRegion region : regions) {
      if (region.contains(address, length)) {
        return true;
      }
    }
    return false;
  }

  private RamRegion region(long address, long length) {
    for (RamRegion region : regions) {
      if (region.contains(address, length)) {
        return region;
      }
    }
    throw new GuestMemoryException(address, length);
  }

  /** The byte at {@code address}, 0 to 255. */
  public int readU8(long address) {
    RamRegion region = region(address, SIZE_OF_BYTE);
    long offset = address - region.guestAddress();
    return region.view(offset).getByte(RamRegion.index(offset)) & 0xff;
  }

  /** The 16-bit value at {@code address}, 0 to 65535. */
  public int readU16(long address) {
    RamRegion region = region(address, SIZE_OF_SHORT);
    long offset = address - region.guestAddress();
    return region.view(offset).getShort(RamRegion.index(offset)) & 0xffff;
  }

  /** The 32-bit value at {@code address}, 0 to 2^32 - 1. */
  public long readU32(long address) {
    RamRegion region = region(address, SIZE_OF_INT);
    long offset = address - region.guestAddress();
    return Integer.toUnsignedLong(region.view(offset).getInt(RamRegion.index(offset)));
  }

  /** The raw 64-bit value at {@code address}. */
  public long readU64(long address) {
    RamRegion region = region(address, SIZE_OF_LONG);
    long offset = address - region.guestAddress();
    return region.view(offset).getLong(RamRegion.index(offset));
  }

  /** Stores the low 8 bits of {@code value}. */
  public void writeU8(long address, int value) {
    RamRegion region = region(address, SIZE_OF_BYTE);
    long offset = address - region.guestAddress();
    region.view(offset).putByte(RamRegion.index(offset), (byte) value);
  }

  /** Stores the low 16 bits of {@code value}. */
  public void writeU16(long address, int value) {
    RamRegion region = region(address, SIZE_OF_SHORT);
    long offset = address - region.guestAddress();
    region.view(offset).putShort(RamRegion.index(offset), (short) value);
  }

  /** Stores the low 32 bits of {@code value}. */
  public void writeU32(long address, long value) {
    RamRegion region = region(address, SIZE_OF_INT);
    long offset = address - region.guestAddress();
    region.view(offset).putInt(RamRegion.index(offset), (int) value);
  }

  /** Stores {@code value}. */
  public void writeU64(long address, long value) {
    RamRegion region = region(address, SIZE_OF_LONG);
    long offset = address - region.guestAddress();
    region.view(offset).putLong(RamRegion.index(offset), value);
  }

  /** Copies {@code length} bytes out of guest RAM. */
  public void read(long address, byte[] target, int targetOffset, int length) {
    RamRegion region = region(address, length);
    long offset = address - region.guestAddress();
    int done = 0;
    while (done < length) {
      int part = Math.min(length - done, RamRegion.shareLeft(offset));
      NativeMemory.get(
          region.view(offset), RamRegion.index(offset), target, targetOffset + done, part);
      done += part;
      offset += part;
    }
  }

  /** Copies {@code length} bytes into guest RAM. */
  public void write(long address, byte[] source, int sourceOffset, int length) {
    RamRegion region = region(address, length);
    long offset = address - region.guestAddress();
    int done = 0;
    while (done < length) {
      int part = Math.min(length - done, RamRegion.shareLeft(offset));
      NativeMemory.put(
          region.view(offset), RamRegion.index(offset), source, sourceOffset + done, part);
      done += part;
      offset += part;
    }
  }

  /** Copies all of {@code source} into guest RAM. */
  public void write(long address, byte[] source) {
    write(address, source, 0, source.length);
  }

  /** Copies {@code length} bytes of {@code source} into guest RAM. */
  public void write(long address, DirectBuffer source, int sourceOffset, int length) {
    UnsafeBuffer view = new UnsafeBuffer(0, 0);
    wrap(view, address, length);
    view.putBytes(0, source, sourceOffset, length);
  }

  /** Sets {@code length} bytes to {@code value}. */
  public void fill(long address, long length, int value) {
    RamRegion region = region(address, length);
    long offset = address - region.guestAddress();
    long left = length;
    while (left > 0) {
      int part = (int) Math.min(left, RamRegion.shareLeft(offset));
      region.view(offset).setMemory(RamRegion.index(offset), part, (byte) value);
      left -= part;
      offset += part;
    }
  }

  /**
   * Points {@code view} at {@code length} bytes of guest RAM, without allocation: a device's window
   * on a ring, or a slice for its DMA.
   */
  public void wrap(UnsafeBuffer view, long address, int length) {
    view.wrap(hostAddress(address, length), length);
  }

  /**
   * The process address of a guest range, for a system call that moves data straight to or from
   * guest RAM. Valid for exactly {@code length} bytes.
   */
  public long hostAddress(long address, long length) {
    RamRegion region = region(address, length);
    return region.hostAddress() + (address - region.guestAddress());
  }

  /**
   * As {@link #hostAddress}, for addresses and lengths that the guest chose: 0 where the range is
   * not all inside one region. Safe for any values, throws nothing, allocates nothing.
   */
  public long hostAddressOrZero(long address, long length) {
    for (RamRegion region : regions) {
      if (region.contains(address, length)) {
        return region.hostAddress() + (address - region.guestAddress());
      }
    }
    return 0;
  }
}
