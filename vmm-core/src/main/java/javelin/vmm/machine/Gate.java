package javelin.vmm.machine;

import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Where vCPU threads wait while the machine is paused, and learn that it ends.
 *
 * <p>The state is volatile so that a vCPU looks at it before each entry without a lock; the lock is
 * taken only to wait.
 */
final class Gate {
  /** What vCPU threads are to do. */
  enum State {
    OPEN,
    CLOSED,
    ENDED
  }

  private static final long KICK_AGAIN_MILLIS = 10;
  private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

  private volatile State state = State.CLOSED;
  private int waiting;

  boolean isOpen() {
    return state == State.OPEN;
  }

  /** Lets the vCPUs run. */
  synchronized void open() {
    if (state == State.CLOSED) {
      state = State.OPEN;
      notifyAll();
    }
  }

  /** Asks the vCPUs to wait; they do when they look next. */
  synchronized void close() {
    if (state == State.OPEN) {
      state = State.CLOSED;
    }
  }

  /** Asks the vCPUs to end. */
  synchronized void end() {
    state = State.ENDED;
    notifyAll();
  }

  /**
   * Called by a vCPU thread that found the gate not open; waits while it is closed.
   *
   * @return whether the vCPU goes on; false where it ends
   */
  synchronized boolean pass() {
    waiting++;
    notifyAll();
    try {
      while (state == State.CLOSED) {
        wait();
      }
    } catch (InterruptedException e) {
      // Nobody interrupts vCPU threads but to end them.
      state = State.ENDED;
    } finally {
      waiting--;
    }
    return state == State.OPEN;
  }

  /** Called by a vCPU thread that ends early: it counts as waiting from now on. */
  synchronized void retire() {
    waiting++;
    notifyAll();
  }

  /**
   * Closes the gate and waits until all of {@code vcpus} wait here, kicking them out of the guest.
   */
  synchronized void closeAndAwait(List<VcpuThread> vcpus) throws InterruptedException {
    close();
    long deadline = System.nanoTime() + LONGEST_WAIT_NANOS;
    while (waiting < vcpus.size()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("A vCPU thread does not leave the guest or a device");
      }
      for (VcpuThread vcpu : vcpus) {
        vcpu.kick();
      }
      wait(KICK_AGAIN_MILLIS);
    }
  }
}
