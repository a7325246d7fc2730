package javelin.devices.virtio.queue;

import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.AfterEach;

/** RAM for a ring and what its chains name. */
abstract class RamTestBench {
  static final int RAM = 2 << 20;
  static final int SIZE = 8;
  static final long RING = 0x1_0000;
  static final long TABLE = 0x8_0000;
  static final long BUFFER = 0x10_0000;

  final GuestMemory memory = new GuestMemory();
  private final GuestRam ram = GuestRam.create(Linux.system(), RamConfig.of(RAM), memory);
  final DescriptorChain chain = new DescriptorChain(SIZE);

  @AfterEach
  void unmap() {
    ram.close();
  }

  /** The guest-physical address of a buffer that the device was given. */
  long guest(long hostAddress) {
    return hostAddress - memory.hostAddress(0, 1);
  }
}
