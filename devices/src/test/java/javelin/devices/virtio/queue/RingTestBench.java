package javelin.devices.virtio.queue;

import javelin.devices.virtio.bench.SplitModelRing;

/** RAM with a split ring in it, and the queue that a device sees there. */
abstract class RingTestBench extends RamTestBench {
  final SplitModelRing ring = new SplitModelRing(memory, RING, SIZE);

  RingAddresses addresses() {
    return new RingAddresses(SIZE, ring.descriptors(), ring.available(), ring.used());
  }

  SplitVirtqueue queue(boolean hasIndirect, boolean hasEventIndex) {
    return new SplitVirtqueue(memory, addresses(), hasIndirect, hasEventIndex);
  }
}
