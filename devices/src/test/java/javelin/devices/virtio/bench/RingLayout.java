package javelin.devices.virtio.bench;

import javelin.devices.virtio.queue.PackedVirtqueue;
import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.SplitVirtqueue;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.memory.GuestMemory;

/** The layouts of rings. One of them is the current test's: {@link OnBothLayouts} chooses it. */
public enum RingLayout {
  SPLIT(0) {
    @Override
    public ModelRing ring(GuestMemory memory, long base, int size) {
      return new SplitModelRing(memory, base, size);
    }

    @Override
    Virtqueue queue(
        GuestMemory memory, RingAddresses addresses, boolean hasIndirect, boolean hasEventIndex) {
      return new SplitVirtqueue(memory, addresses, hasIndirect, hasEventIndex);
    }
  },

  PACKED(ModelDriver.RING_PACKED) {
    @Override
    public ModelRing ring(GuestMemory memory, long base, int size) {
      return new PackedModelRing(memory, base, size);
    }

    @Override
    Virtqueue queue(
        GuestMemory memory, RingAddresses addresses, boolean hasIndirect, boolean hasEventIndex) {
      return new PackedVirtqueue(memory, addresses, hasIndirect, hasEventIndex);
    }
  };

  /** Tests run one after the other. */
  private static volatile RingLayout current = SPLIT;

  private final long feature;

  RingLayout(long feature) {
    this.feature = feature;
  }

  /** That of the test that runs. */
  public static RingLayout current() {
    return current;
  }

  static void current(RingLayout layout) {
    current = layout;
  }

  /** The feature that a driver has to accept for it; 0 for none. */
  public long feature() {
    return feature;
  }

  /** The driver's side of an empty ring of {@code size} entries from {@code base} on. */
  public abstract ModelRing ring(GuestMemory memory, long base, int size);

  abstract Virtqueue queue(
      GuestMemory memory, RingAddresses addresses, boolean hasIndirect, boolean hasEventIndex);

  /** The device's side of {@code ring}, which is of this layout. */
  public Virtqueue queue(
      GuestMemory memory, ModelRing ring, boolean hasIndirect, boolean hasEventIndex) {
    return queue(
        memory,
        new RingAddresses(ring.size(), ring.descriptors(), ring.available(), ring.used()),
        hasIndirect,
        hasEventIndex);
  }
}
