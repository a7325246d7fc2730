package javelin.passthrough.assigned;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.ErrnoException;

/**
 * The doorbells of a BAR as KVM's ioeventfds, wherever the BAR is: a write signals the device's
 * eventfd without an exit. One that KVM does not take is trapped, as the BAR's other registers are.
 *
 * <p>The lock of {@link AssignedBar} guards it.
 */
final class BarDoorbells {
  private record Attached(VfioDoorbell doorbell, long address) {}

  private final String name;
  private final KvmVm.Doorbell kind;
  private final List<VfioDoorbell> doorbells;
  private final GuestSide guest;
  private final List<Attached> attached = new ArrayList<>();

  /**
   * @param name the BAR's, for messages
   * @param kind where the BAR's addresses are
   */
  BarDoorbells(String name, KvmVm.Doorbell kind, List<VfioDoorbell> doorbells, GuestSide guest) {
    this.name = name;
    this.kind = kind;
    this.doorbells = List.copyOf(doorbells);
    this.guest = guest;
  }

  /** Attaches each, for a BAR that begins at {@code bar}. */
  void attach(long bar) {
    for (VfioDoorbell doorbell : doorbells) {
      long address = bar + doorbell.offset();
      try {
        if (doorbell.isMatched()) {
          guest
              .vm()
              .attachIoeventfd(
                  doorbell.event(), kind, address, doorbell.length(), doorbell.match());
        } else {
          guest.vm().attachIoeventfd(doorbell.event(), kind, address, doorbell.length());
        }
        attached.add(new Attached(doorbell, address));
      } catch (ErrnoException e) {
        report(doorbell, "is trapped", e);
      }
    }
  }

  /** Detaches each; one that KVM does not let go stays here, and is tried again the next time. */
  void detach() {
    attached.removeIf(this::isDetached);
  }

  private boolean isDetached(Attached one) {
    VfioDoorbell doorbell = one.doorbell();
    try {
      if (doorbell.isMatched()) {
        guest
            .vm()
            .detachIoeventfd(
                doorbell.event(), kind, one.address(), doorbell.length(), doorbell.match());
      } else {
        guest.vm().detachIoeventfd(doorbell.event(), kind, one.address(), doorbell.length());
      }
      return true;
    } catch (ErrnoException e) {
      report(doorbell, "stays where it was", e);
      return false;
    }
  }

  private void report(VfioDoorbell doorbell, String what, ErrnoException e) {
    guest
        .problems()
        .accept(
            String.format(
                "%s: the doorbell at 0x%x %s: %s", name, doorbell.offset(), what, e.getMessage()));
  }
}
