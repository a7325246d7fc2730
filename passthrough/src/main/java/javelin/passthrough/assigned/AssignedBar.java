package javelin.passthrough.assigned;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.BarBacking;
import javelin.passthrough.vfio.VfioRegion.Area;
import javelin.vmm.kvm.KvmMemorySlots;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Mapping;
import org.agrona.CloseHelper;

/**
 * A BAR of an assigned device in the guest: a trap under all of it, and over that what the guest
 * reaches without an exit: the parts that may be mapped, as memory slots, and doorbells.
 *
 * <p>Slots and doorbells follow the BAR and the device's power: while the device sleeps, an access
 * through a slot would end KVM_RUN with an error. Its own lock guards it, taken inside that of the
 * {@code BarSpace}.
 */
final class AssignedBar implements BarBacking, AutoCloseable {
  private static final long NOWHERE = -1;

  /** A mapped part of the BAR, at {@code offset} in it. */
  record Part(long offset, Mapping mapping) {}

  private final String name;
  private final BarBacking trap;
  private final List<Part> parts;
  private final BarDoorbells doorbells;
  private final GuestSide guest;
  private final List<KvmMemorySlots.Slot> slots = new ArrayList<>();
  private long address = NOWHERE;
  private boolean isReachable = true;
  private boolean isTrapped;

  /** Whether slots and doorbells are there. */
  private boolean isMapped;

  /**
   * @param name for messages
   * @param trap answers where nothing is mapped
   * @param parts what is mapped; this object closes the mappings
   * @param doorbells what KVM takes in place of the trap
   */
  AssignedBar(
      String name, BarBacking trap, List<Part> parts, BarDoorbells doorbells, GuestSide guest) {
    this.name = name;
    this.trap = trap;
    this.parts = List.copyOf(parts);
    this.doorbells = doorbells;
    this.guest = guest;
  }

  /**
   * The areas without the pages that have to be trapped.
   *
   * @param areas what may be mapped, page-aligned
   * @param trapped what must not be, in bytes
   */
  static List<Area> without(List<Area> areas, List<Area> trapped, long pageSize) {
    List<Area> left = new ArrayList<>(areas);
    for (Area hole : trapped) {
      long start = hole.offset() & -pageSize;
      long end = hole.end() + pageSize - 1 & -pageSize;
      List<Area> next = new ArrayList<>();
      for (Area area : left) {
        addIfAny(next, area.offset(), Math.min(area.end(), start));
        addIfAny(next, Math.max(area.offset(), end), area.end());
      }
      left = next;
    }
    return left;
  }

  private static void addIfAny(List<Area> areas, long start, long end) {
    if (end > start) {
      areas.add(new Area(start, end - start));
    }
  }

  @Override
  public synchronized boolean map(long newAddress) {
    if (!trap.map(newAddress)) {
      return false;
    }
    address = newAddress;
    addSlots();
    return true;
  }

  @Override
  public synchronized void unmap() {
    removeSlots();
    trap.unmap();
    address = NOWHERE;
  }

  @Override
  public synchronized boolean move(long newAddress) {
    removeSlots();
    address = NOWHERE;
    if (!trap.move(newAddress)) {
      return false;
    }
    address = newAddress;
    addSlots();
    return true;
  }

  /** Says whether the device answers at all; while it does not, all accesses are trapped. */
  synchronized void reachable(boolean nowReachable) {
    isReachable = nowReachable;
    update();
  }

  /** Says whether all accesses are to be trapped. */
  synchronized void trapped(boolean nowTrapped) {
    isTrapped = nowTrapped;
    update();
  }

  private void update() {
    if (isMapped != (isReachable && !isTrapped && address != NOWHERE)) {
      if (isMapped) {
        removeSlots();
      } else {
        addSlots();
      }
    }
  }

  private void addSlots() {
    if (!isReachable || isTrapped || address == NOWHERE) {
      return;
    }
    isMapped = true;
    doorbells.attach(address);
    for (Part part : parts) {
      Mapping mapping = part.mapping();
      try {
        slots.add(
            guest.slots().map(address + part.offset(), mapping.length(), mapping.address(), false));
      } catch (ErrnoException e) {
        guest.problems().accept(name + " is trapped, not mapped: " + e.getMessage());
      }
    }
  }

  /** A slot that KVM does not let go stays here, and is tried again at the next change. */
  private void removeSlots() {
    isMapped = false;
    doorbells.detach();
    slots.removeIf(this::isRemoved);
  }

  private boolean isRemoved(KvmMemorySlots.Slot slot) {
    try {
      slot.close();
      return true;
    } catch (ErrnoException e) {
      guest.problems().accept(name + " is still mapped: " + e.getMessage());
      return false;
    }
  }

  /** Unmaps it from the guest and from this process. */
  @Override
  public synchronized void close() {
    removeSlots();
    CloseHelper.closeAll(parts.stream().map(Part::mapping).toList());
  }
}
