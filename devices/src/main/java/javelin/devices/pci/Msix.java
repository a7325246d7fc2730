package javelin.devices.pci;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import javelin.vmm.irq.GsiRoutes;
import javelin.vmm.irq.MessageVector;
import javelin.vmm.irq.Msi;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;

/**
 * MSI-X of an emulated function (PCI Local Bus 3.0, 6.8.2): its capability, the table and the
 * pending bits. The function's BAR leads accesses here.
 *
 * <p>Each vector is an eventfd that is an irqfd while the guest has it unmasked: {@link #trigger}
 * signals it, and KVM does the rest. A guest that masks and unmasks changes no route.
 *
 * <p>Threads: {@link #trigger} and {@link #isEnabled} are for any and take no lock. The object's
 * lock guards the table and the vectors; it is taken inside the function's.
 */
public final class Msix implements AutoCloseable {
  /** Bytes of the capability. */
  public static final int CAPABILITY_LENGTH = 12;

  private static final int CONTROL = 2;
  private static final int CONTROL_FUNCTION_MASK = 1 << 14;
  private static final int CONTROL_ENABLE = 1 << 15;
  private static final int TABLE = 4;
  private static final int PENDING = 8;

  private final GsiRoutes routes;
  private final Consumer<String> problems;
  private final MsixTable table;
  private final MessageVector[] vectors;
  private final Resources owned = new Resources();
  private volatile boolean isEnabled;
  private boolean isFunctionMasked;

  /** The capability's place, once it has one. */
  private int capability;

  /**
   * Vectors that are all masked.
   *
   * @param count 1 to 2048
   * @param problems told, in a line, what KVM refused
   */
  public Msix(Linux linux, KvmVm vm, GsiRoutes routes, int count, Consumer<String> problems) {
    this.routes = routes;
    this.problems = problems;
    table = new MsixTable(count);
    vectors = new MessageVector[count];
    owned.own((AutoCloseable) this::freeRoutes);
    try {
      for (int i = 0; i < count; i++) {
        vectors[i] = owned.own(new MessageVector(linux, vm, routes));
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
  }

  private void freeRoutes() {
    routes.update(
        batch ->
            Arrays.stream(vectors)
                .filter(Objects::nonNull)
                .forEach(vector -> batch.free(vector.gsi())));
  }

  /**
   * Adds the capability.
   *
   * @param bar that holds the table and the pending bits
   * @param tableOffset in it, a multiple of 8, as is {@code pendingOffset}
   */
  public void addTo(ConfigSpace config, int bar, long tableOffset, long pendingOffset) {
    capability = config.addCapability(Capabilities.MSIX, CAPABILITY_LENGTH);
    config
        .set(capability + CONTROL, 2, table.count() - 1L)
        .writable(capability + CONTROL, 2, CONTROL_ENABLE | CONTROL_FUNCTION_MASK)
        .set(capability + TABLE, 4, tableOffset | bar)
        .set(capability + PENDING, 4, pendingOffset | bar);
  }

  /** Whether a write to the configuration space may have changed the capability. */
  public boolean covers(int offset) {
    return offset >= capability && offset < capability + CAPABILITY_LENGTH;
  }

  /** Follows the capability after a write; the function's lock is held. */
  public void follow(ConfigSpace config) {
    long control = config.read(capability + CONTROL, 2);
    follow((control & CONTROL_ENABLE) != 0, (control & CONTROL_FUNCTION_MASK) != 0);
  }

  private synchronized void follow(boolean nowEnabled, boolean nowMasked) {
    isEnabled = nowEnabled;
    isFunctionMasked = nowMasked;
    reconcile(0, vectors.length);
  }

  /** Whether the guest has MSI-X on; the function's pin is silent then. */
  public boolean isEnabled() {
    return isEnabled;
  }

  /** Number of vectors. */
  public int count() {
    return vectors.length;
  }

  /** Raises a vector, or has it wait behind its mask. Allocates nothing. */
  public void trigger(int vector) {
    vectors[vector].signal();
  }

  /** What {@link #trigger} signals, for others to signal it; open until this is closed. */
  public EventFd event(int vector) {
    return vectors[vector].event();
  }

  /** A read of the table. */
  public synchronized long readTable(long offset, int size) {
    return table.read(offset, size);
  }

  /** A write to the table. */
  public synchronized void writeTable(long offset, int size, long value) {
    int entry = table.write(offset, size, value);
    if (entry >= 0) {
      follow(entry);
    }
  }

  /** A read of the pending bits, which cannot be written. */
  public synchronized long readPending(long offset, int size) {
    if (!MsixTable.isAligned(offset, size, MsixTable.pendingLength(vectors.length))) {
      return 0;
    }
    long bits = 0;
    int first = (int) offset * Byte.SIZE;
    for (int i = 0; i < size * Byte.SIZE && first + i < vectors.length; i++) {
      if (vectors[first + i].isPending()) {
        bits |= 1L << i;
      }
    }
    return bits;
  }

  private boolean isLive(int vector) {
    return isEnabled && !isFunctionMasked && !table.isMasked(vector);
  }

  private boolean needsRoute(int vector) {
    return vectors[vector].needsRoute(table.address(vector), table.data(vector));
  }

  /** Brings one vector in line with the table; masking and unmasking allocate nothing. */
  private void follow(int vector) {
    if (!isLive(vector)) {
      mask(vector);
    } else if (needsRoute(vector)) {
      reconcile(vector, vector + 1);
    } else {
      unmask(vector);
    }
  }

  private void mask(int vector) {
    try {
      vectors[vector].mask();
    } catch (ErrnoException e) {
      problems.accept("MSI-X vector " + vector + ": " + e.getMessage());
    }
  }

  private void unmask(int vector) {
    try {
      vectors[vector].unmask();
    } catch (ErrnoException e) {
      problems.accept("MSI-X vector " + vector + " stays silent: " + e.getMessage());
    }
  }

  /** Brings vectors in line with the table, with at most one change of the routes. */
  private void reconcile(int from, int to) {
    List<Integer> rerouted = new ArrayList<>();
    for (int i = from; i < to; i++) {
      if (!isLive(i)) {
        mask(i);
      } else if (needsRoute(i)) {
        mask(i);
        rerouted.add(i);
      }
    }
    if (!rerouted.isEmpty() && !route(rerouted) && rerouted.size() > 1) {
      // One bad message must not take the others with it.
      rerouted.forEach(i -> route(List.of(i)));
    }
    for (int i = from; i < to; i++) {
      if (isLive(i) && !needsRoute(i)) {
        unmask(i);
      }
    }
  }

  private Msi message(int vector) {
    return new Msi(table.address(vector), table.data(vector));
  }

  /** Returns whether KVM takes the messages; those of single vectors that it refuses are told. */
  private boolean route(List<Integer> which) {
    try {
      routes.update(batch -> which.forEach(i -> vectors[i].route(batch, message(i))));
    } catch (ErrnoException e) {
      if (which.size() == 1) {
        int vector = which.get(0);
        problems.accept(
            String.format(
                "MSI-X vector %d stays silent: message 0x%x to 0x%x: %s",
                vector, table.data(vector), table.address(vector), e.getMessage()));
      }
      return false;
    }
    which.forEach(i -> vectors[i].routed(message(i)));
    return true;
  }

  /** Back to power-on; the function resets the capability. */
  public synchronized void reset() {
    isEnabled = false;
    isFunctionMasked = false;
    table.reset();
    for (MessageVector vector : vectors) {
      vector.reset();
    }
  }

  /** Ends all vectors. */
  @Override
  public synchronized void close() {
    owned.close();
  }
}
