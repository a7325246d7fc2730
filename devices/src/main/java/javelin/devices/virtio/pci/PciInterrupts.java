package javelin.devices.virtio.pci;

import java.util.concurrent.atomic.AtomicIntegerArray;
import javelin.devices.pci.Msix;
import javelin.devices.virtio.VirtioInterrupts;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.linux.EventFd;

/**
 * The interrupts of a virtio function: MSI-X vectors where the guest has MSI-X on, else the pin,
 * whose level follows the ISR status (virtio 1.2, 4.1.4.5 and 4.1.5.1.2).
 *
 * <p>Threads: any. The object's lock guards the ISR status and the pin; messages take no lock.
 */
final class PciInterrupts implements VirtioInterrupts {
  /** The vector number of what has no vector. */
  static final int NO_VECTOR = 0xffff;

  private static final int ISR_QUEUE = 1;
  private static final int ISR_CONFIG = 2;

  private final Msix msix;
  private final IrqLine pin;

  /** By queue; the last one is of configuration changes. */
  private final AtomicIntegerArray vectors;

  private int isr;
  private boolean isPinDisabled;

  /** No vectors, nothing to tell. */
  PciInterrupts(Msix msix, IrqLine pin, int queues) {
    this.msix = msix;
    this.pin = pin;
    vectors = new AtomicIntegerArray(queues + 1);
    forgetVectors();
  }

  private void forgetVectors() {
    for (int i = 0; i < vectors.length(); i++) {
      vectors.set(i, NO_VECTOR);
    }
  }

  private int configIndex() {
    return vectors.length() - 1;
  }

  /** The vector of queue {@code index}. */
  int queueVector(int index) {
    return index < configIndex() ? vectors.get(index) : NO_VECTOR;
  }

  /** Sets it; one that does not exist becomes none. */
  void queueVector(int index, int vector) {
    if (index < configIndex()) {
      vectors.set(index, vector < msix.count() ? vector : NO_VECTOR);
    }
  }

  /** The vector of configuration changes. */
  int configVector() {
    return vectors.get(configIndex());
  }

  /** As {@link #queueVector(int, int)}. */
  void configVector(int vector) {
    vectors.set(configIndex(), vector < msix.count() ? vector : NO_VECTOR);
  }

  @Override
  public void queue(int index) {
    if (msix.isEnabled()) {
      trigger(vectors.get(index));
    } else {
      raise(ISR_QUEUE);
    }
  }

  @Override
  public EventFd event(int index) {
    int vector = vectors.get(index);
    return msix.isEnabled() && vector != NO_VECTOR ? msix.event(vector) : null;
  }

  @Override
  public void config() {
    raise(ISR_CONFIG);
    if (msix.isEnabled()) {
      trigger(configVector());
    }
  }

  private void trigger(int vector) {
    if (vector != NO_VECTOR) {
      msix.trigger(vector);
    }
  }

  private synchronized void raise(int bit) {
    isr |= bit;
    drive();
  }

  /** The guest's read of the ISR status, which clears it. */
  synchronized int readIsr() {
    int bits = isr;
    isr = 0;
    drive();
    return bits;
  }

  /** Whether the function asks for an interrupt by its pin, as the PCI status register tells. */
  synchronized boolean isPinWanted() {
    return isr != 0 && !msix.isEnabled();
  }

  /** MSI-X has been switched on or off, or the pin has. */
  synchronized void refresh(boolean nowPinDisabled) {
    isPinDisabled = nowPinDisabled;
    drive();
  }

  private void drive() {
    pin.set(isPinWanted() && !isPinDisabled);
  }

  /** The device is reset by its driver: nothing to tell, and no vectors. */
  synchronized void reset() {
    forgetVectors();
    isr = 0;
    drive();
  }
}
