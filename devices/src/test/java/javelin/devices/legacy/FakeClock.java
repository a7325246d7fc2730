package javelin.devices.legacy;

import java.util.ArrayList;
import java.util.List;

/** A clock that stands still until a test moves it; alarms fire in order while it moves. */
final class FakeClock implements DeviceClock {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final List<FakeAlarm> alarms = new ArrayList<>();
  private long nanos;
  private long wallStart;

  FakeClock(long wallMillis) {
    wallStart = wallMillis;
  }

  private final class FakeAlarm implements Alarm {
    final Runnable handler;
    long due = Long.MAX_VALUE;

    FakeAlarm(Runnable handler) {
      this.handler = handler;
    }

    @Override
    public void after(long delay) {
      due = nanos + Math.max(1, delay);
    }

    @Override
    public void cancel() {
      due = Long.MAX_VALUE;
    }

    @Override
    public void close() {
      cancel();
    }
  }

  @Override
  public long nanoTime() {
    return nanos;
  }

  @Override
  public long wallMillis() {
    return wallStart + nanos / NANOS_PER_MILLI;
  }

  @Override
  public Alarm alarm(Runnable handler) {
    FakeAlarm alarm = new FakeAlarm(handler);
    alarms.add(alarm);
    return alarm;
  }

  void wallMillis(long millis) {
    wallStart = millis - nanos / NANOS_PER_MILLI;
  }

  void advance(long delay) {
    long end = nanos + delay;
    while (true) {
      FakeAlarm next = null;
      for (FakeAlarm alarm : alarms) {
        if (alarm.due <= end && (next == null || alarm.due < next.due)) {
          next = alarm;
        }
      }
      if (next == null) {
        nanos = end;
        return;
      }
      nanos = next.due;
      next.due = Long.MAX_VALUE;
      next.handler.run();
    }
  }

  boolean isArmed() {
    return alarms.stream().anyMatch(alarm -> alarm.due != Long.MAX_VALUE);
  }
}
