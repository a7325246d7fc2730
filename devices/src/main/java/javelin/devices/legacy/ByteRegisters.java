package javelin.devices.legacy;

import javelin.vmm.bus.IoHandler;

/** An 8-bit device: a wider access is one access for each byte, low first, as on the ISA bus. */
interface ByteRegisters extends IoHandler {
  /** Reads the register at {@code offset}; the low 8 bits count. */
  int readByte(int offset);

  /** Writes {@code value}, 0 to 255, to the register at {@code offset}. */
  void writeByte(int offset, int value);

  @Override
  default long read(long offset, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (readByte((int) offset + i) & 0xffL) << (8 * i);
    }
    return value;
  }

  @Override
  default void write(long offset, int size, long value) {
    for (int i = 0; i < size; i++) {
      writeByte((int) offset + i, (int) (value >>> (8 * i)) & 0xff);
    }
  }
}
