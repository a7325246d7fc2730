package javelin.devices.virtio.queue;

import javelin.devices.virtio.bench.ModelRing;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.AfterEach;

/** RAM with a ring in it, and the queue that a device sees there. */
abstract class RingTestBench {
  static final int RAM = 2 << 20;
  static final int SIZE = 8;
  static final long RING = 0x1_0000;
  static final long TABLE = 0x8_0000;
  static final long BUFFER = 0x10_0000;

  final GuestMemory memory = new GuestMemory();
  private final GuestRam ram = GuestRam.create(Linux.system(), RamConfig.of(RAM), memory);
  final ModelRing ring = new ModelRing(memory, RING, SIZE);
  final DescriptorChain chain = new DescriptorChain(SIZE);

  @AfterEach
  void unmap() {
    ram.close();
  }

  RingAddresses addresses() {
    return new RingAddresses(SIZE, ring.descriptors(), ring.available(), ring.used());
  }

  SplitVirtqueue queue(boolean hasIndirect, boolean hasEventIndex) {
    return new SplitVirtqueue(memory, addresses(), hasIndirect, hasEventIndex);
  }

  /** The guest-physical address of a buffer that the device was given. */
  long guest(long hostAddress) {
    return hostAddress - memory.hostAddress(0, 1);
  }
}
