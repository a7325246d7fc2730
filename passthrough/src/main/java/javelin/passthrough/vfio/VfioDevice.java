package javelin.passthrough.vfio;

import java.util.List;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Mapping;

/**
 * A PCI device behind VFIO, whichever back end it comes from: the kernel, or a process that speaks
 * vfio-user.
 *
 * <p>Regions go by {@link VfioRegion}'s numbers, interrupts by {@link VfioIrq}'s. The device's
 * registers are reached by {@link #read} and {@link #write} only; a mapping is for KVM, Java never
 * touches it, as a device that is gone or asleep answers a load with SIGBUS.
 *
 * <p>Threads: any may read and write regions; all else belongs to whoever holds the lock of the
 * function that the device stands behind.
 */
public interface VfioDevice extends AutoCloseable {
  /** The device's name in messages, {@code "0000:03:00.0"}. */
  String name();

  /** Whether {@link #reset} is there (VFIO_DEVICE_FLAGS_RESET). */
  boolean canReset();

  /** Who resets the device, or does not, for messages. */
  default String resetter() {
    return "the kernel";
  }

  /** A region of the device; one that it does not have is empty. */
  VfioRegion region(int index);

  /** A kind of interrupt of the device; one that it does not have has no vectors. */
  VfioIrq irq(int index);

  /**
   * A read of {@code size} bytes, 1, 2, 4 or 8, little-endian, that allocates nothing. What the
   * device does not answer reads as all ones.
   */
  long read(int region, long offset, int size);

  /** A write, likewise; what the device does not take is dropped. */
  void write(int region, long offset, int size, long value);

  /**
   * Maps a part of a region that {@link VfioRegion#areas} allows, for KVM's memory slots.
   *
   * @param offset bytes from the region's start, page-aligned
   * @param length bytes, a multiple of the page size
   */
  Mapping map(int region, long offset, long length);

  /**
   * The registers of a BAR whose writes an eventfd may take; none of them overlap, but for those of
   * different values. A device that answers all writes itself has none.
   */
  default List<VfioDoorbell> doorbells(int region) {
    return List.of();
  }

  /**
   * Has vectors from {@code start} signal eventfds (VFIO_IRQ_SET_ACTION_TRIGGER); null leaves a
   * vector silent. The first call for a kind of interrupt enables it, for as many vectors as it
   * names.
   */
  void trigger(int irq, int start, List<EventFd> events);

  /** Switches a kind of interrupt off, with all its vectors. */
  void disable(int irq);

  /** Masks INTx at the device. */
  void mask();

  /** Unmasks INTx at the device. */
  void unmask();

  /** Has {@code event} unmask INTx at the device whenever it is signalled. */
  void unmaskBy(EventFd event);

  /** Resets the function; its configuration space is restored to what the host keeps. */
  void reset();

  /**
   * Whether the function can be reset with all others of its bus or slot, as the host is now; a
   * back end without a bus has no such reset.
   */
  default HotReset hotReset() {
    return HotReset.NONE;
  }

  /** Does what {@link #hotReset} allows; each function there is as after its own reset. */
  default void resetBus() {
    throw new VfioException(name() + " has no bus to be reset by");
  }

  /**
   * Has {@code handler} called, once and on any thread, when the device is gone for good: it reads
   * as all ones then, and takes whatever is asked of it. The handler must not block. Devices of the
   * kernel say that they are wanted back instead.
   */
  default void whenGone(Runnable handler) {}

  @Override
  void close();
}
