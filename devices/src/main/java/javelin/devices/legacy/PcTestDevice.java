package javelin.devices.legacy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.IntFunction;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.Resettable;

/**
 * What kvm-unit-tests expect of QEMU's pc-testdev:
 *
 * <ul>
 *   <li>ports 0xE0-0xE3, and 0xE8-0xEB byte by byte: a 32-bit storage register;
 *   <li>ports 0xE4-0xE7: a page's address, to be dropped from the second-level page tables before
 *       the next access; it decides no result, so it is ignored;
 *   <li>ports 0x2000-0x2017: the level of GSI 0 to 23;
 *   <li>64 KiB of storage at MMIO address 0xFF000000.
 * </ul>
 *
 * <p>Its state is guarded by its lock.
 */
public final class PcTestDevice implements Resettable {
  private static final int STORAGE_PORT = 0xe0;
  private static final int FLUSH_PORT = 0xe4;
  private static final int BYTE_STORAGE_PORT = 0xe8;
  private static final int REGISTER_LENGTH = 4;
  private static final int IRQ_PORT = 0x2000;
  private static final int IRQ_COUNT = 24;
  private static final long MEMORY_ADDRESS = 0xff00_0000L;
  private static final int MEMORY_LENGTH = 0x1_0000;

  private final IrqLine[] lines = new IrqLine[IRQ_COUNT];
  private final boolean[] levels = new boolean[IRQ_COUNT];
  private final byte[] register = new byte[REGISTER_LENGTH];
  private final ByteBuffer memory =
      ByteBuffer.allocate(MEMORY_LENGTH).order(ByteOrder.LITTLE_ENDIAN);

  /** A device that drives the lines that {@code gsi} gives for 0 to 23. */
  public PcTestDevice(IntFunction<IrqLine> gsi) {
    Arrays.setAll(lines, gsi);
  }

  /** Answers at its fixed places. */
  public void attach(IoSpace ports, IoSpace mmio) {
    ports.register("test storage", STORAGE_PORT, REGISTER_LENGTH, storage());
    ports.register("test flush", FLUSH_PORT, REGISTER_LENGTH, flush());
    ports.register("test byte storage", BYTE_STORAGE_PORT, REGISTER_LENGTH, storage());
    ports.register("test interrupts", IRQ_PORT, IRQ_COUNT, interrupts());
    mmio.register("test memory", MEMORY_ADDRESS, MEMORY_LENGTH, memory());
  }

  @Override
  public synchronized void reset() {
    Arrays.fill(register, (byte) 0);
    Arrays.fill(memory.array(), (byte) 0);
    for (int i = 0; i < IRQ_COUNT; i++) {
      if (levels[i]) {
        setLevel(i, false);
      }
    }
  }

  private void setLevel(int gsi, boolean level) {
    levels[gsi] = level;
    lines[gsi].set(level);
  }

  private IoHandler storage() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        synchronized (PcTestDevice.this) {
          return register[offset];
        }
      }

      @Override
      public void writeByte(int offset, int value) {
        synchronized (PcTestDevice.this) {
          register[offset] = (byte) value;
        }
      }
    };
  }

  private static IoHandler flush() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        return 0xff;
      }

      @Override
      public void writeByte(int offset, int value) {}
    };
  }

  private IoHandler interrupts() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        return 0xff;
      }

      @Override
      public void writeByte(int offset, int value) {
        synchronized (PcTestDevice.this) {
          setLevel(offset, value != 0);
        }
      }
    };
  }

  private IoHandler memory() {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        int index = (int) offset;
        synchronized (PcTestDevice.this) {
          return switch (size) {
            case 1 -> memory.get(index);
            case 2 -> memory.getShort(index);
            case 4 -> memory.getInt(index);
            default -> memory.getLong(index);
          };
        }
      }

      @Override
      public void write(long offset, int size, long value) {
        int index = (int) offset;
        synchronized (PcTestDevice.this) {
          switch (size) {
            case 1 -> memory.put(index, (byte) value);
            case 2 -> memory.putShort(index, (short) value);
            case 4 -> memory.putInt(index, (int) value);
            default -> memory.putLong(index, value);
          }
        }
      }
    };
  }
}
