package javelin.devices.pci;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.bus.IoHandler;

/** A function with a 32-bit, a 64-bit and an I/O BAR whose registers answer with a signature. */
final class TestFunction extends EmulatedFunction {
  static final long MEMORY_32_SIZE = 0x1000;
  static final long MEMORY_64_SIZE = 0x10_0000;
  static final long IO_SIZE = 0x20;

  final List<String> writes = new ArrayList<>();

  TestFunction(int device, BarSpace space) {
    super(new PciIdentity(0x1234, device, 0xff0000, 3, 0x5678, 9), ConfigSpace.PCI_LENGTH, space);
    bars().memory32(0, MEMORY_32_SIZE, false, mmio("bar0", space, MEMORY_32_SIZE, 0x32));
    bars().memory64(2, MEMORY_64_SIZE, true, mmio("bar2", space, MEMORY_64_SIZE, 0x64));
    bars().io(4, IO_SIZE, space.portRegisters("bar4", IO_SIZE, registers("bar4", 0x10)));
    ready();
  }

  private BarBacking mmio(String name, BarSpace space, long size, int signature) {
    return space.mmioRegisters(name, size, registers(name, signature));
  }

  private IoHandler registers(String name, int signature) {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        return signature;
      }

      @Override
      public void write(long offset, int size, long value) {
        writes.add(String.format("%s+%x=%x", name, offset, value));
      }
    };
  }
}
