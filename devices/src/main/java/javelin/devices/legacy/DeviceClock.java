package javelin.devices.legacy;

import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;

/**
 * Time as the devices see it; tests move one of their own. No method but {@link #alarm} allocates.
 */
public interface DeviceClock {
  /** A one-shot timer. */
  interface Alarm extends AutoCloseable {
    /** Fires once, {@code nanos} from now; any earlier request is forgotten. */
    void after(long nanos);

    /** Fires no more until armed again. */
    void cancel();

    @Override
    void close();
  }

  /**
   * Nanoseconds of a clock that never jumps, from an arbitrary start, as {@link System#nanoTime}.
   */
  long nanoTime();

  /** Milliseconds since 1970 in UTC. */
  long wallMillis();

  /** A timer that calls {@code handler}, which may take the device's lock. */
  Alarm alarm(Runnable handler);

  /** The host's clocks, with alarms on {@code loop}. */
  static DeviceClock of(EventLoop loop) {
    return new DeviceClock() {
      @Override
      public long nanoTime() {
        return System.nanoTime();
      }

      @Override
      public long wallMillis() {
        return System.currentTimeMillis();
      }

      @Override
      public Alarm alarm(Runnable handler) {
        Timer timer = loop.timer(handler);
        return new Alarm() {
          @Override
          public void after(long nanos) {
            timer.armAfter(nanos);
          }

          @Override
          public void cancel() {
            timer.cancel();
          }

          @Override
          public void close() {
            timer.close();
          }
        };
      }
    };
  }
}
