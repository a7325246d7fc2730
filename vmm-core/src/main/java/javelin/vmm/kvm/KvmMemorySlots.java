package javelin.vmm.kvm;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import javelin.vmm.memory.MemoryListener;
import javelin.vmm.memory.RamRegion;

/**
 * Keeps the VM's memory slots in step with guest RAM, and hands slots out for other mapped memory,
 * such as BARs of assigned devices.
 */
public final class KvmMemorySlots implements MemoryListener {
  private final KvmVm vm;
  private final BitSet used = new BitSet();
  private final Map<RamRegion, Slot> ofRam = new HashMap<>();

  /** Slots of {@code vm}, none of them used so far. */
  public KvmMemorySlots(KvmVm vm) {
    this.vm = vm;
  }

  /**
   * A memory slot in use; closing it takes the memory out of the guest. Where KVM refuses that, it
   * stays in use, and may be closed again.
   */
  public final class Slot implements AutoCloseable {
    private final int number;
    private boolean open = true;

    private Slot(int number) {
      this.number = number;
    }

    @Override
    public void close() {
      synchronized (KvmMemorySlots.this) {
        if (open) {
          vm.removeMemorySlot(number);
          open = false;
          used.clear(number);
        }
      }
    }
  }

  /**
   * Maps process memory into the guest.
   *
   * @param guestAddress guest-physical address, page-aligned
   * @param length bytes, a multiple of the page size
   * @param hostAddress process address, page-aligned
   */
  public synchronized Slot map(long guestAddress, long length, long hostAddress, boolean readOnly) {
    int number = used.nextClearBit(0);
    vm.setMemorySlot(number, guestAddress, length, hostAddress, readOnly);
    used.set(number);
    return new Slot(number);
  }

  @Override
  public synchronized void regionAdded(RamRegion region) {
    ofRam.put(region, map(region.guestAddress(), region.length(), region.hostAddress(), false));
  }

  @Override
  public synchronized void regionRemoved(RamRegion region) {
    Slot slot = ofRam.remove(region);
    if (slot != null) {
      slot.close();
    }
  }
}
