package javelin.vmm.irq;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import javelin.vmm.kvm.GsiRoutingTable;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;

/**
 * The one owner of a VM's GSI routing table: the fixed routes of the interrupt controllers' pins,
 * and those of message-signalled interrupts.
 *
 * <p>KVM takes the table as a whole, and each time waits until no vCPU uses the old one; so changes
 * come in batches, one KVM_SET_GSI_ROUTING each (KVM API, 4.52). A guest that masks a vector
 * changes no route.
 *
 * <p>Threads: any; the object's lock guards the table.
 */
public final class GsiRoutes {
  /** Pins of the IOAPIC, the first GSIs. */
  public static final int IOAPIC_PINS = 24;

  private static final int PIC_PINS = 8;
  private static final int TIMER_IRQ = 0;
  private static final int TIMER_IOAPIC_PIN = 2;
  private static final int CASCADE_IRQ = 2;

  /** KVM_MAX_IRQ_ROUTES on x86, and those of the PICs and the IOAPIC, without the cascade. */
  private static final int MAX_ROUTES = 4096;

  private static final int FIXED_ROUTES = 2 * PIC_PINS - 1 + IOAPIC_PINS - 1;

  /** Messages that there is room for before the table is made larger. */
  private static final int ROOM = 32;

  private final KvmVm vm;
  private final Map<Integer, Msi> messages = new TreeMap<>();

  /** Kept: memory outside the heap comes back by a collection only, and guests change routes. */
  private GsiRoutingTable table = new GsiRoutingTable(FIXED_ROUTES + ROOM);

  /** Routes of {@code vm}, the fixed ones so far; committed by the first change. */
  public GsiRoutes(KvmVm vm) {
    this.vm = vm;
  }

  /** Changes that are committed together. */
  public final class Batch {
    private Batch() {}

    /** Routes {@code gsi} to {@code message}. */
    public void route(int gsi, Msi message) {
      if (!messages.containsKey(gsi)) {
        throw new IllegalArgumentException("GSI " + gsi + " was not allocated");
      }
      messages.put(gsi, message);
    }

    /** Gives {@code gsi} back. */
    public void free(int gsi) {
      messages.remove(gsi);
    }
  }

  /**
   * A GSI of its own for a message-signalled interrupt, without a route so far.
   *
   * @throws ErrnoException ENOSPC where KVM's table has no room for another route
   */
  public synchronized int allocate() {
    int gsi = IOAPIC_PINS;
    while (messages.containsKey(gsi)) {
      gsi++;
    }
    if (messages.size() >= MAX_ROUTES - FIXED_ROUTES) {
      throw new ErrnoException(
          "a route", "for a message-signalled interrupt", Errno.ENOSPC.number());
    }
    messages.put(gsi, null);
    return gsi;
  }

  /**
   * Makes {@code changes}, then commits the table once. Where KVM refuses it, for a message that is
   * none, the routes are as before: new ones would stand against everyone's later changes. What was
   * given back is given back all the same.
   *
   * @throws ErrnoException with which KVM refused
   */
  public synchronized void update(Consumer<Batch> changes) {
    Map<Integer, Msi> before = new TreeMap<>(messages);
    changes.accept(new Batch());
    try {
      commit();
    } catch (ErrnoException e) {
      messages.replaceAll((gsi, message) -> before.get(gsi));
      throw e;
    }
  }

  private void commit() {
    if (FIXED_ROUTES + messages.size() > table.capacity()) {
      table = new GsiRoutingTable(FIXED_ROUTES + 2 * messages.size());
    }
    table.clear();
    for (int irq = 0; irq < 2 * PIC_PINS; irq++) {
      if (irq != CASCADE_IRQ) {
        boolean isMaster = irq < PIC_PINS;
        table.irqchip(
            irq, isMaster ? GsiRoutingTable.PIC_MASTER : GsiRoutingTable.PIC_SLAVE, irq % PIC_PINS);
      }
    }
    for (int gsi = 0; gsi < IOAPIC_PINS; gsi++) {
      // The timer's IRQ 0 is wired to pin 2, where the cascade would be (MADT interrupt override).
      if (gsi != CASCADE_IRQ) {
        table.irqchip(gsi, GsiRoutingTable.IOAPIC, gsi == TIMER_IRQ ? TIMER_IOAPIC_PIN : gsi);
      }
    }
    messages.forEach(
        (gsi, message) -> {
          if (message != null) {
            table.msi(gsi, message.address(), message.data());
          }
        });
    vm.setGsiRouting(table);
  }
}
