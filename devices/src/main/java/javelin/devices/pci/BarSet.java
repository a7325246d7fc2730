package javelin.devices.pci;

import org.agrona.BitUtil;

/**
 * The base address registers of one function (PCI Local Bus 3.0, 6.2.5.1), and that of its
 * expansion ROM (6.2.5.2).
 *
 * <p>The address bits live in the {@link ConfigSpace}, whose write masks make sizing by writing all
 * ones work; {@link #refresh} then brings the placements in line with them and with the command
 * register. A BAR at address 0 is not decoded, as nobody has placed it yet. The function's lock
 * guards it.
 */
public final class BarSet implements AutoCloseable {
  /** Registers of a type 0 header. */
  public static final int COUNT = 6;

  private static final int REGISTER_LENGTH = 4;
  private static final int IO = 0x1;
  private static final int MEMORY_64 = 0x4;
  private static final int PREFETCHABLE = 0x8;
  private static final long MEMORY_FLAGS = 0xf;
  private static final long IO_FLAGS = 0x3;
  private static final long SMALLEST_MEMORY = 16;
  private static final long SMALLEST_IO = 4;
  private static final long LARGEST_IO = 256;
  private static final long LARGEST_32 = 1L << 31;
  private static final int ROM_ENABLE = 0x1;
  private static final long ROM_FLAGS = 0x7ff;

  /** Bytes of the smallest and the largest expansion ROM. */
  public static final long SMALLEST_ROM = 2 << 10;

  public static final long LARGEST_ROM = 16 << 20;

  private static final long LOW_HALF = 0xffff_ffffL;

  private final ConfigSpace config;
  private final BarSpace space;

  /** By index; the ROM's is behind them. */
  private final Bar[] bars = new Bar[COUNT + 1];

  private static final class Bar {
    final int register;
    final int registers;
    final boolean isPorts;
    final BarSpace.Placement placement;

    Bar(int register, int registers, boolean isPorts, BarSpace.Placement placement) {
      this.register = register;
      this.registers = registers;
      this.isPorts = isPorts;
      this.placement = placement;
    }

    boolean isRom() {
      return register == PciRegisters.ROM;
    }
  }

  /** No BARs yet; {@code space} may be null for a function that gets none. */
  public BarSet(ConfigSpace config, BarSpace space) {
    this.config = config;
    this.space = space;
  }

  /** Whether the register at {@code offset} is one of these. */
  public static boolean covers(int offset) {
    return isWithin(offset, PciRegisters.BAR_0, COUNT) || isWithin(offset, PciRegisters.ROM, 1);
  }

  private static boolean isWithin(int offset, int register, int count) {
    return offset >= register && offset < register + count * REGISTER_LENGTH;
  }

  /**
   * A memory BAR below 4 GiB.
   *
   * @param size bytes, a power of two from 16 to 2 GiB
   */
  public void memory32(int index, long size, boolean prefetchable, BarBacking backing) {
    requireSize(index, size, SMALLEST_MEMORY, LARGEST_32);
    add(index, 1, size, prefetchable ? PREFETCHABLE : 0, MEMORY_FLAGS, backing);
  }

  /**
   * A 64-bit memory BAR, which takes register {@code index + 1} as well.
   *
   * @param size bytes, a power of two from 16
   */
  public void memory64(int index, long size, boolean prefetchable, BarBacking backing) {
    requireSize(index, size, SMALLEST_MEMORY, Long.MAX_VALUE);
    int flags = MEMORY_64 | (prefetchable ? PREFETCHABLE : 0);
    add(index, 2, size, flags, MEMORY_FLAGS, backing);
  }

  /**
   * An I/O BAR.
   *
   * @param size ports, a power of two from 4 to 256
   */
  public void io(int index, long size, BarBacking backing) {
    requireSize(index, size, SMALLEST_IO, LARGEST_IO);
    add(index, 1, size, IO, IO_FLAGS, backing);
  }

  /**
   * The expansion ROM, which the guest enables by a bit of its register.
   *
   * @param size bytes, a power of two from 2 KiB to 16 MiB
   * @param backing takes reads; writes go nowhere
   */
  public void rom(long size, BarBacking backing) {
    if (!BitUtil.isPowerOfTwo(size) || size < SMALLEST_ROM || size > LARGEST_ROM) {
      throw new IllegalArgumentException(
          String.format("an expansion ROM of 0x%x bytes is not possible", size));
    }
    bars[COUNT] = new Bar(PciRegisters.ROM, 1, false, space.add(false, size, backing));
    config.writable(PciRegisters.ROM, REGISTER_LENGTH, (-size & ~ROM_FLAGS) | ROM_ENABLE);
  }

  private static void requireSize(int index, long size, long smallest, long largest) {
    if (!BitUtil.isPowerOfTwo(size) || size < smallest || size > largest) {
      throw new IllegalArgumentException(
          String.format("BAR %d: a size of 0x%x bytes is not possible", index, size));
    }
  }

  private void add(
      int index, int registers, long size, int flags, long flagMask, BarBacking backing) {
    for (int i = index; i < index + registers; i++) {
      if (i >= COUNT || bars[i] != null || (i > 0 && i == index && isUpperHalf(i))) {
        throw new IllegalArgumentException("BAR " + index + ": register " + i + " is not free");
      }
    }
    int register = PciRegisters.BAR_0 + index * REGISTER_LENGTH;
    boolean isPorts = (flags & IO) != 0;
    bars[index] = new Bar(register, registers, isPorts, space.add(isPorts, size, backing));
    config.set(register, REGISTER_LENGTH, flags);
    config.writable(register, registers * REGISTER_LENGTH, -size & ~flagMask);
  }

  private boolean isUpperHalf(int index) {
    return bars[index - 1] != null && bars[index - 1].registers == 2;
  }

  /** Places each BAR where its register and the command register say. */
  public void refresh() {
    long command = config.read(PciRegisters.COMMAND, 2);
    for (Bar bar : bars) {
      if (bar == null) {
        continue;
      }
      int enable = bar.isPorts ? PciRegisters.COMMAND_IO : PciRegisters.COMMAND_MEMORY;
      long address = bar.isRom() ? romAddress() : address(bar);
      if ((command & enable) != 0 && address > 0) {
        bar.placement.place(address);
      } else {
        bar.placement.withdraw();
      }
    }
  }

  /** 0 where the guest has not enabled it. */
  private long romAddress() {
    long register = config.read(PciRegisters.ROM, REGISTER_LENGTH);
    return (register & ROM_ENABLE) != 0 ? register & ~ROM_FLAGS : 0;
  }

  /** The address in the registers; a negative one, 2^63 and above, is in no window. */
  private long address(Bar bar) {
    long low = config.read(bar.register, REGISTER_LENGTH) & LOW_HALF;
    if (bar.isPorts) {
      return low & ~IO_FLAGS;
    }
    long high = bar.registers == 2 ? config.read(bar.register + REGISTER_LENGTH, 4) << 32 : 0;
    return high | (low & ~MEMORY_FLAGS);
  }

  /** Takes all BARs out of the address spaces. */
  @Override
  public void close() {
    for (Bar bar : bars) {
      if (bar != null) {
        bar.placement.close();
      }
    }
  }
}
