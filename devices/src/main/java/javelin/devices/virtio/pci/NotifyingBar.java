package javelin.devices.virtio.pci;

import java.util.Arrays;
import javelin.devices.pci.BarBacking;
import javelin.devices.virtio.VirtioState;
import javelin.vmm.kvm.KvmVm;
import javelin.vmm.linux.ErrnoException;

/**
 * The registers of a virtio function, with an ioeventfd at each queue's place in the notify area
 * wherever the BAR is: notifications signal the queue's eventfd without an exit to user space.
 * Where KVM takes no ioeventfd, the write is trapped and signals the same eventfd.
 *
 * <p>Called with the lock of the {@code BarSpace} held.
 */
final class NotifyingBar implements BarBacking {
  /** Of a doorbell that takes writes of any length, which KVM finds fastest. */
  private static final int ANY_LENGTH = 0;

  private static final long NOWHERE = -1;

  private final BarBacking registers;
  private final KvmVm vm;
  private final VirtioState state;

  /** By queue: the address of its ioeventfd. */
  private final long[] attached;

  /** {@code registers} answers what no ioeventfd takes. */
  NotifyingBar(BarBacking registers, KvmVm vm, VirtioState state) {
    this.registers = registers;
    this.vm = vm;
    this.state = state;
    attached = new long[state.queues()];
    Arrays.fill(attached, NOWHERE);
  }

  @Override
  public boolean map(long address) {
    boolean answers = registers.map(address);
    if (answers) {
      attach(address);
    }
    return answers;
  }

  @Override
  public void unmap() {
    detach();
    registers.unmap();
  }

  @Override
  public boolean move(long address) {
    detach();
    boolean answers = registers.move(address);
    if (answers) {
      attach(address);
    }
    return answers;
  }

  private void attach(long bar) {
    for (int i = 0; i < attached.length; i++) {
      long address = bar + VirtioBar.NOTIFY + (long) i * VirtioBar.NOTIFY_MULTIPLIER;
      try {
        vm.attachIoeventfd(state.event(i), KvmVm.Doorbell.MMIO, address, ANY_LENGTH);
        attached[i] = address;
      } catch (ErrnoException e) {
        state.report("notifications of queue " + i + " take the slow way: " + e.getMessage());
      }
    }
  }

  private void detach() {
    for (int i = 0; i < attached.length; i++) {
      if (attached[i] == NOWHERE) {
        continue;
      }
      long address = attached[i];
      attached[i] = NOWHERE;
      try {
        vm.detachIoeventfd(state.event(i), KvmVm.Doorbell.MMIO, address, ANY_LENGTH);
      } catch (ErrnoException e) {
        state.report("the notification address of queue " + i + " stays: " + e.getMessage());
      }
    }
  }
}
