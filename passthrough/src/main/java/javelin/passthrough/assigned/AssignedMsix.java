package javelin.passthrough.assigned;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.MsixTable;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion.Area;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.EventFd;

/**
 * MSI-X of an assigned function (PCI Local Bus 3.0, 6.8.2). The table and the pending bits that the
 * guest sees are Javelin's; the device's own table belongs to the host kernel.
 *
 * <p>A vector gets its eventfd, its GSI and its place at the host when the guest first unmasks it;
 * masking it later takes the irqfd off and nothing else. Where the kernel cannot add vectors to
 * those that are on (before 6.4), all are switched off and on again, and each is raised once, as
 * its interrupt may have been lost in between.
 *
 * <p>The function's lock guards it.
 */
final class AssignedMsix implements InterruptMode {
  private static final int CONTROL = 2;
  private static final int CONTROL_SIZE_MASK = 0x7ff;
  private static final int CONTROL_FUNCTION_MASK = 1 << 14;
  private static final int CONTROL_ENABLE = 1 << 15;
  private static final int CAPABILITY_LENGTH = 12;
  private static final int TABLE = 4;
  private static final int PENDING = 8;
  private static final int BAR_MASK = 0x7;

  private final VfioDevice device;
  private final GuestSide guest;
  private final AssignOptions options;
  private final ConfigSpace shadow;
  private final int capability;
  private final int count;
  private final MsixTable table;
  private final AssignedVector[] vectors;

  /** How many vectors the host has set up; 0 while it is off. */
  private int allocated;

  /** For the capability at {@code capability}, which is Javelin's from here on. */
  AssignedMsix(
      VfioDevice device,
      GuestSide guest,
      AssignOptions options,
      AssignedConfig config,
      int capability) {
    this.device = device;
    this.guest = guest;
    this.options = options;
    this.capability = capability;
    shadow = config.shadow();
    config.emulateCopy(capability + CONTROL, CAPABILITY_LENGTH - CONTROL);
    shadow.set(capability + CONTROL, 2, control() & CONTROL_SIZE_MASK);
    shadow.writable(capability + CONTROL, 2, CONTROL_FUNCTION_MASK | CONTROL_ENABLE);
    count = (int) (control() & CONTROL_SIZE_MASK) + 1;
    table = new MsixTable(count);
    vectors = new AssignedVector[count];
  }

  /** Masks all entries, as at power-on. */
  @Override
  public void reset() {
    table.reset();
  }

  private long control() {
    return shadow.read(capability + CONTROL, 2);
  }

  /** Where the device's capability is, if MSI-X can be had. */
  static OptionalInt find(VfioDevice device, AssignedConfig config) {
    return device.irq(VfioIrq.MSIX).isPresent()
        ? config.find(Capabilities.MSIX, CAPABILITY_LENGTH)
        : OptionalInt.empty();
  }

  /** The table and the pending bits, where they are in {@code bar}; the table goes first. */
  @Override
  public List<BarPart> parts(int bar) {
    List<BarPart> parts = new ArrayList<>();
    addPart(parts, bar, TABLE, table.length(), new Table());
    addPart(parts, bar, PENDING, MsixTable.pendingLength(count), new Pending());
    return parts;
  }

  /** The capability's register says which BAR, and where in it. */
  private void addPart(List<BarPart> parts, int bar, int register, long length, IoHandler handler) {
    long place = shadow.read(capability + register, Integer.BYTES);
    if ((place & BAR_MASK) == bar) {
      parts.add(new BarPart(new Area(place & ~BAR_MASK, length), handler));
    }
  }

  private final class Table implements IoHandler {
    @Override
    public long read(long offset, int size) {
      return table.read(offset, size);
    }

    @Override
    public void write(long offset, int size, long value) {
      writeTable(offset, size, value);
    }
  }

  private final class Pending implements IoHandler {
    @Override
    public long read(long offset, int size) {
      return readPending(offset, size);
    }

    /** They cannot be written. */
    @Override
    public void write(long offset, int size, long value) {}
  }

  private void writeTable(long offset, int size, long value) {
    int entry = table.write(offset, size, value);
    if (entry >= 0 && allocated > 0) {
      follow(entry);
    }
  }

  /** A read of the pending bits. */
  private long readPending(long offset, int size) {
    if (!MsixTable.isAligned(offset, size, MsixTable.pendingLength(count))) {
      return 0;
    }
    long bits = 0;
    int first = (int) offset * Byte.SIZE;
    for (int i = 0; i < size * Byte.SIZE && first + i < count; i++) {
      AssignedVector vector = vectors[first + i];
      if (vector != null && vector.isPending()) {
        bits |= 1L << i;
      }
    }
    return bits;
  }

  @Override
  public boolean isWanted() {
    return (control() & CONTROL_ENABLE) != 0;
  }

  @Override
  public void on() {
    allocate(Math.max(1, needed(0)));
    reconcile(0, count);
  }

  @Override
  public void off() {
    allocated = 0;
    try {
      device.disable(VfioIrq.MSIX);
    } finally {
      AssignedVector.close(guest, Arrays.asList(vectors));
      Arrays.fill(vectors, null);
    }
  }

  @Override
  public void refresh() {
    reconcile(0, count);
  }

  private boolean isLive(int vector) {
    return (control() & CONTROL_FUNCTION_MASK) == 0 && !table.isMasked(vector);
  }

  private boolean needsRoute(int vector) {
    return vectors[vector].needsRoute(table.address(vector), table.data(vector));
  }

  private Msi message(int vector) {
    return new Msi(table.address(vector), table.data(vector));
  }

  /** Brings one vector in line with the table; masking and unmasking allocate nothing. */
  private void follow(int vector) {
    boolean isLive = isLive(vector);
    if (isLive && (vectors[vector] == null || needsRoute(vector))) {
      reconcile(vector, vector + 1);
    } else if (isLive) {
      vectors[vector].unmask();
    } else if (vectors[vector] != null) {
      vectors[vector].mask();
    }
  }

  /** Brings vectors from {@code from} to before {@code to} in line with the table. */
  private void reconcile(int from, int to) {
    List<Integer> live = new ArrayList<>();
    List<Integer> fresh = new ArrayList<>();
    List<Integer> rerouted = new ArrayList<>();
    for (int i = from; i < to; i++) {
      if (!isLive(i)) {
        if (vectors[i] != null) {
          vectors[i].mask();
        }
        continue;
      }
      live.add(i);
      if (vectors[i] == null) {
        vectors[i] = new AssignedVector(guest, options);
        fresh.add(i);
      }
      if (needsRoute(i)) {
        rerouted.add(i);
      }
    }
    if (!rerouted.isEmpty()) {
      rerouted.forEach(i -> vectors[i].mask());
      guest.routes().update(batch -> rerouted.forEach(i -> vectors[i].route(batch, message(i))));
    }
    live.forEach(i -> vectors[i].unmask());
    if (!fresh.isEmpty()) {
      signal(fresh);
    }
  }

  /** Has VFIO signal vectors that it did not know so far. */
  private void signal(List<Integer> fresh) {
    int highest = fresh.get(fresh.size() - 1);
    if (highest >= allocated) {
      boolean isGrowing = device.irq(VfioIrq.MSIX).isFixedWhileOn();
      if (isGrowing) {
        device.disable(VfioIrq.MSIX);
      }
      if (isGrowing || allocated == 0) {
        allocate(needed(highest + 1));
        raiseAllBut(fresh);
        return;
      }
      allocated = highest + 1;
    }
    for (int vector : fresh) {
      device.trigger(VfioIrq.MSIX, vector, List.of(vectors[vector].event()));
    }
  }

  private void raiseAllBut(List<Integer> fresh) {
    for (int i = 0; i < allocated; i++) {
      if (vectors[i] != null && !fresh.contains(i)) {
        vectors[i].signal();
      }
    }
  }

  private void allocate(int wanted) {
    List<EventFd> events = new ArrayList<>();
    for (int i = 0; i < wanted; i++) {
      events.add(vectors[i] == null ? null : vectors[i].event());
    }
    device.trigger(VfioIrq.MSIX, 0, events);
    allocated = wanted;
  }

  /** As many vectors as the guest has put messages in for, so that few changes of size follow. */
  private int needed(int least) {
    int last = count - 1;
    while (last >= least && (int) table.address(last) == 0) {
      last--;
    }
    return Math.max(least, last + 1);
  }
}
