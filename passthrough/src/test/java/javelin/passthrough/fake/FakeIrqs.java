package javelin.passthrough.fake;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.VfioIrq;
import javelin.vmm.linux.Errno;
import org.agrona.concurrent.UnsafeBuffer;

/** What {@link FakeVfio} does about interrupts: one of INTx, MSI and MSI-X is on at a time. */
final class FakeIrqs {
  private static final int OFF = -1;
  private static final int DATA_NONE = 1;
  private static final int DATA_EVENTFD = 4;
  private static final int MASK = 8;
  private static final int UNMASK = 16;
  private static final int TRIGGER = 32;

  private final ModelShape shape;
  private final List<String> violations;
  private int current = OFF;
  private int[] triggers = {};
  private final Map<Integer, Integer> signals = new TreeMap<>();

  FakeIrqs(ModelShape shape, List<String> violations) {
    this.shape = shape;
    this.violations = violations;
  }

  int current() {
    return current;
  }

  int[] triggers() {
    return triggers.clone();
  }

  Map<Integer, Integer> signals() {
    return Map.copyOf(signals);
  }

  private static UnsafeBuffer memory(long address, int length) {
    return new UnsafeBuffer(address, length);
  }

  private static long error(Errno errno) {
    return -errno.number();
  }

  /** struct vfio_irq_info: u32 argsz, flags, index, count. */
  long info(UnsafeBuffer info) {
    int index = info.getInt(8);
    VfioIrq irq = shape.irq(index);
    if (index == VfioIrq.ERROR && !irq.isPresent()) {
      return error(Errno.EINVAL);
    }
    info.putInt(4, irq.flags() | 1);
    info.putInt(12, irq.count());
    return 0;
  }

  /** struct vfio_irq_set: u32 argsz, flags, index, start, count, data. */
  long set(long address) {
    UnsafeBuffer request = memory(address, memory(address, 4).getInt(0));
    int flags = request.getInt(4);
    int index = request.getInt(8);
    int start = request.getInt(12);
    int count = request.getInt(16);
    if ((flags & (MASK | UNMASK)) != 0) {
      boolean isIntx = index == VfioIrq.INTX && current == VfioIrq.INTX && count == 1;
      return isIntx ? 0 : error(Errno.EINVAL);
    }
    if (flags == (TRIGGER | DATA_NONE) && count == 0) {
      return disable(index);
    }
    if (index >= VfioIrq.ERROR) {
      signals.put(index, request.getInt(20));
      return 0;
    }
    if (flags != (TRIGGER | DATA_EVENTFD) || start + count > shape.irq(index).count()) {
      return error(Errno.EINVAL);
    }
    return trigger(request, index, start, count);
  }

  private long disable(int index) {
    if (index >= VfioIrq.ERROR) {
      return signals.remove(index) == null ? error(Errno.EINVAL) : 0;
    }
    if (current != index) {
      return error(Errno.EINVAL);
    }
    current = OFF;
    triggers = new int[0];
    return 0;
  }

  private long trigger(UnsafeBuffer request, int index, int start, int count) {
    if (current != OFF && current != index) {
      violations.add("interrupts of kind " + index + " while kind " + current + " is on");
      return error(Errno.EINVAL);
    }
    boolean isGrowing = current == index && start + count > triggers.length;
    if (isGrowing && shape.irq(index).isFixedWhileOn()) {
      violations.add("more vectors while others are on");
      return error(Errno.EINVAL);
    }
    int before = triggers.length;
    triggers = Arrays.copyOf(triggers, Math.max(before, start + count));
    Arrays.fill(triggers, before, triggers.length, OFF);
    for (int i = 0; i < count; i++) {
      triggers[start + i] = request.getInt(20 + i * Integer.BYTES);
    }
    current = index;
    return 0;
  }
}
