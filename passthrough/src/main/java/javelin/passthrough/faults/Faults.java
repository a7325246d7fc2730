package javelin.passthrough.faults;

import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.passthrough.faults.Fault.Kind;
import javelin.passthrough.model.SignalGate;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import org.agrona.CloseHelper;

/** Counts what can go wrong, and has it go wrong when its time has come. Threads: any. */
public final class Faults implements SignalGate, AutoCloseable {
  private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  /** Thrown in place of an answer. */
  public static final class Silence extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean isStall;

    Silence(boolean isStall) {
      super("a fault that was asked for", null, false, false);
      this.isStall = isStall;
    }

    /** Whether no answer ever comes, while the device seems to be there. */
    public boolean isStall() {
      return isStall;
    }
  }

  private final List<Fault> faults;
  private final int[] counts = new int[Kind.values().length];
  private final Timer delay;
  private EventFd delayed;
  private boolean isAllOnes;

  /** Has {@code faults} happen; what is late happens on {@code loop}. */
  public Faults(List<Fault> faults, EventLoop loop) {
    this.faults = List.copyOf(faults);
    delay = loop.timer(this::signalDelayed);
  }

  /** Counts one of a kind; whether it is the one that goes wrong. */
  private boolean isDue(Kind kind) {
    int count = ++counts[kind.ordinal()];
    for (Fault fault : faults) {
      if (fault.kind() == kind && fault.occurrence() == count) {
        return true;
      }
    }
    return false;
  }

  @Override
  public synchronized void signal(EventFd event) {
    boolean isDropped = isDue(Kind.DROP_IRQ);
    boolean isDelayed = isDue(Kind.DELAY_IRQ);
    if (isDelayed) {
      delayed = event;
      delay.armAfter(DELAY_NANOS);
    } else if (!isDropped) {
      event.signal();
    }
  }

  /** Whether any is about interrupts. */
  public boolean concernInterrupts() {
    return faults.stream()
        .map(Fault::kind)
        .anyMatch(kind -> kind == Kind.DROP_IRQ || kind == Kind.DELAY_IRQ);
  }

  private synchronized void signalDelayed() {
    try {
      delayed.signal();
    } catch (ErrnoException e) {
      // The client has taken it away meanwhile.
    }
  }

  /** For each command to map memory: 0, or {@code -errno}. */
  public synchronized int map() {
    return isDue(Kind.FAIL_MAP) ? -Errno.ENOMEM.number() : 0;
  }

  /** For each reset that was done: 0, or {@code -errno}. */
  public synchronized int reset() {
    return isDue(Kind.FAIL_RESET) ? -Errno.EIO.number() : 0;
  }

  /**
   * For each access to a region.
   *
   * @return whether the pin is to be raised with it
   * @throws Silence where it is not answered
   */
  public synchronized boolean access(int region) {
    if (faults.isEmpty() || region >= VfioRegion.ROM) {
      return false;
    }
    if (isDue(Kind.STALL)) {
      throw new Silence(true);
    }
    if (isDue(Kind.VANISH)) {
      throw new Silence(false);
    }
    isAllOnes |= isDue(Kind.ALL_ONES);
    return isDue(Kind.SPURIOUS_INTX);
  }

  /** Whether registers read as ones. */
  public synchronized boolean isAllOnes(int region) {
    return isAllOnes && region < VfioRegion.ROM;
  }

  @Override
  public void close() {
    CloseHelper.close(delay);
  }
}
