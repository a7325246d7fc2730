package javelin.passthrough.vfiouser.server;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioStructs;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The interrupts of a device as a client sets them up (vfio-user, "VFIO_USER_DEVICE_SET_IRQS"), and
 * the eventfds that it has given for them.
 *
 * <p>For the server's loop.
 */
final class ClientEvents implements AutoCloseable {
  private static final int DATA =
      VfioStructs.DATA_NONE | VfioStructs.DATA_BOOL | VfioStructs.DATA_EVENTFD;
  private static final int ACTIONS =
      VfioStructs.ACTION_MASK | VfioStructs.ACTION_UNMASK | VfioStructs.ACTION_TRIGGER;

  private final Linux linux;
  private final ModelDevice device;

  /** By kind of interrupt and vector; null where there is none. */
  private final EventFd[][] events = new EventFd[VfioIrq.REQUEST + 1][0];

  private EventFd unmasker;

  ClientEvents(Linux linux, ModelDevice device) {
    this.linux = linux;
    this.device = device;
  }

  /**
   * Does what a struct vfio_irq_set says.
   *
   * @param set the struct, all of it
   * @param descriptors what came with it; this object's
   * @return 0, or {@code -errno}
   */
  int set(UnsafeBuffer set, List<Fd> descriptors) {
    List<EventFd> given = new ArrayList<>();
    try {
      for (Fd descriptor : descriptors) {
        given.add(linux.eventFd(descriptor));
      }
      return isEventFds(descriptors) ? set(set, given, descriptors) : -Errno.EINVAL.number();
    } catch (ErrnoException e) {
      return -e.errno();
    } finally {
      // Those that are kept have been taken out.
      CloseHelper.quietCloseAll(given);
    }
  }

  /** Of another file, a write might never end. */
  private static boolean isEventFds(List<Fd> descriptors) {
    return descriptors.stream().allMatch(HostFiles.system()::isEventFd);
  }

  private int set(UnsafeBuffer set, List<EventFd> given, List<Fd> descriptors) {
    int flags = set.getInt(VfioStructs.FLAGS);
    int irq = set.getInt(VfioStructs.INDEX);
    int start = set.getInt(VfioStructs.IRQ_SET_START);
    int count = set.getInt(VfioStructs.IRQ_SET_COUNT);
    if (Integer.bitCount(flags & DATA) != 1
        || Integer.bitCount(flags & ACTIONS) != 1
        || (flags & ~(DATA | ACTIONS)) != 0
        || irq < 0
        || irq >= events.length
        || start < 0
        || count < 0
        || count > device.irq(irq).count() - start) {
      return -Errno.EINVAL.number();
    }
    boolean isTrigger = (flags & VfioStructs.ACTION_TRIGGER) != 0;
    if ((flags & VfioStructs.DATA_EVENTFD) != 0) {
      return isTrigger
          ? trigger(irq, start, count, given)
          : unmaskBy(irq, flags, given, descriptors);
    }
    if (count == 0) {
      return isTrigger && (flags & VfioStructs.DATA_NONE) != 0
          ? disable(irq)
          : -Errno.EINVAL.number();
    }
    boolean isBool = (flags & VfioStructs.DATA_BOOL) != 0;
    if (isBool && set.capacity() < VfioStructs.IRQ_SET_LENGTH + count) {
      return -Errno.EINVAL.number();
    }
    for (int i = 0; i < count; i++) {
      if (!isBool || set.getByte(VfioStructs.IRQ_SET_LENGTH + i) != 0) {
        act(flags, irq, start + i);
      }
    }
    return 0;
  }

  private void act(int flags, int irq, int vector) {
    if ((flags & VfioStructs.ACTION_TRIGGER) != 0) {
      device.signal(irq, vector);
    } else if (irq != VfioIrq.INTX) {
      throw new ErrnoException("mask", device.name(), Errno.EINVAL.number());
    } else if ((flags & VfioStructs.ACTION_MASK) != 0) {
      device.mask();
    } else {
      device.unmask();
    }
  }

  /** No descriptors at all take those away that there are. */
  private int trigger(int irq, int start, int count, List<EventFd> given) {
    if (count == 0 || (!given.isEmpty() && given.size() != count)) {
      return -Errno.EINVAL.number();
    }
    List<EventFd> wanted = given.isEmpty() ? Arrays.asList(new EventFd[count]) : List.copyOf(given);
    device.trigger(irq, start, wanted);
    given.clear();
    int end = start + count;
    EventFd[] held = Arrays.copyOf(events[irq], Math.max(events[irq].length, end));
    for (int i = start; i < end; i++) {
      CloseHelper.quietClose(held[i]);
      held[i] = wanted.get(i - start);
    }
    events[irq] = held;
    return 0;
  }

  /** As the kernel does: the client signals it, and the device unmasks INTx. */
  private int unmaskBy(int irq, int flags, List<EventFd> given, List<Fd> descriptors) {
    if (irq != VfioIrq.INTX || (flags & VfioStructs.ACTION_UNMASK) == 0 || descriptors.size() > 1) {
      return -Errno.EINVAL.number();
    }
    EventFd event = given.isEmpty() ? null : given.get(0);
    device.unmaskBy(event);
    given.clear();
    CloseHelper.quietClose(unmasker);
    unmasker = event;
    return 0;
  }

  private int disable(int irq) {
    device.disable(irq);
    release();
    return 0;
  }

  /** One kind at a time is on, so no eventfd of any is signalled any more. */
  private void release() {
    for (int i = 0; i < events.length; i++) {
      CloseHelper.quietCloseAll(events[i]);
      events[i] = new EventFd[0];
    }
    CloseHelper.quietClose(unmasker);
    unmasker = null;
  }

  /** Switches interrupts off, and closes the client's eventfds. */
  @Override
  public void close() {
    device.silence();
    release();
  }
}
