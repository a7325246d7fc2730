package javelin.devices.legacy;

import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.Resettable;
import org.agrona.CloseHelper;

/**
 * The PC's clock and its 128 bytes of battery-backed memory (Motorola MC146818A data sheet): an
 * index at port 0x70, data at 0x71.
 *
 * <p>The clock follows the host's, in UTC, until the guest sets it; then it keeps the difference.
 * The flags of register C are brought up to date when they are looked at; a host timer runs only
 * while the guest has an interrupt enabled. The memory holds what firmware would tell of the size
 * of RAM (bytes 0x15-0x18, 0x30, 0x31, 0x34, 0x35, 0x5B-0x5D, as QEMU and Bochs lay it out).
 *
 * <p>Its state is guarded by its lock.
 */
public final class CmosRtc implements ByteRegisters, Resettable, AutoCloseable {
  /** Ports that it takes. */
  public static final int LENGTH = 2;

  /** The byte that holds the century, for the FADT. */
  public static final int CENTURY_INDEX = RtcTime.CENTURY;

  private static final int CMOS_LENGTH = 128;
  private static final int INDEX_PORT = 0;

  private static final int SECONDS_ALARM = 1;
  private static final int MINUTES_ALARM = 3;
  private static final int HOURS_ALARM = 5;
  private static final int A = 0x0a;
  private static final int B = 0x0b;
  private static final int C = 0x0c;
  private static final int D = 0x0d;

  private static final int A_UPDATE_IN_PROGRESS = 0x80;
  private static final int A_DIVIDER_MASK = 0x70;
  private static final int A_DIVIDER_RUNNING = 0x20;
  private static final int A_RATE_MASK = 0x0f;
  private static final int A_AT_BOOT = 0x26;

  private static final int B_SET = 0x80;
  private static final int B_UPDATE = 0x10;
  private static final int B_SQUARE_WAVE = 0x08;

  /** Periodic, alarm and update: the same bits enable in B and flag in C. */
  private static final int PERIODIC = 0x40;

  private static final int ALARM = 0x20;
  private static final int UPDATE = B_UPDATE;
  private static final int INTERRUPTS = PERIODIC | ALARM | UPDATE;
  private static final int C_INTERRUPT = 0x80;
  private static final int D_VALID = 0x80;

  /** Alarm bytes from here on match all values. */
  private static final int ANY = 0xc0;

  private static final int MILLIS_PER_SECOND = 1000;

  /** The registers change within 2.2 ms of the update flag's going up. */
  private static final int UPDATE_MILLIS = 2;

  private static final long NANOS_PER_MILLI = 1_000_000;
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long OSCILLATOR_HZ = 32_768;
  private static final int SECONDS_PER_DAY = 86_400;

  private final IrqLine irq;
  private final DeviceClock clock;
  private final DeviceClock.Alarm secondAlarm;
  private final DeviceClock.Alarm periodicAlarm;

  /** Also what the clock registers hold while SET stops the clock. */
  private final byte[] memory = new byte[CMOS_LENGTH];

  /** Scratch for the alarm's comparison and for changing one clock register. */
  private final byte[] now = new byte[CMOS_LENGTH];

  private int index;
  private int flags;
  private boolean irqActive;

  /** The guest's time less the host's, in milliseconds. */
  private long offsetMillis;

  /** The guest's second, and the count of periods, up to which {@link #flags} tells all. */
  private long seenSecond;

  private long seenPeriod;

  /**
   * A clock at power-on.
   *
   * @param irq IRQ 8
   * @param lowMemory bytes of RAM below 4 GiB
   * @param highMemory bytes of RAM from 4 GiB up
   */
  public CmosRtc(IrqLine irq, DeviceClock clock, long lowMemory, long highMemory) {
    this.irq = irq;
    this.clock = clock;
    memory[A] = A_AT_BOOT;
    memory[B] = RtcTime.B_24_HOURS;
    memory[D] = (byte) D_VALID;
    describeMemory(lowMemory, highMemory);
    seenSecond = guestSecond();
    secondAlarm = clock.alarm(this::timePassed);
    periodicAlarm = clock.alarm(this::timePassed);
  }

  /** Answers at {@code base}, the index, and {@code base + 1}, the data. */
  public IoRange attach(IoSpace ports, int base) {
    return ports.register("CMOS clock", base, LENGTH, this);
  }

  private void describeMemory(long low, long high) {
    long kibibyte = 1 << 10;
    long mebibyte = 1 << 20;
    long unit = 64 * kibibyte;
    put(0x15, 2, Math.min(low / kibibyte, 640));
    long extended = Math.min(Math.max(low - mebibyte, 0) / kibibyte, 0xffff);
    put(0x17, 2, extended);
    put(0x30, 2, extended);
    put(0x34, 2, Math.min(Math.max(low - 16 * mebibyte, 0) / unit, 0xffff));
    put(0x5b, 3, Math.min(high / unit, 0xff_ffff));
  }

  private void put(int address, int length, long value) {
    for (int i = 0; i < length; i++) {
      memory[address + i] = (byte) (value >>> (8 * i));
    }
  }

  /** RESET# of the chip: interrupts end; the battery keeps the time and the memory. */
  @Override
  public synchronized void reset() {
    index = 0;
    memory[B] &= (byte) ~(INTERRUPTS | B_SQUARE_WAVE);
    catchUp();
    flags = 0;
    armTimers();
    updateIrq();
  }

  @Override
  public void close() {
    CloseHelper.closeAll(secondAlarm, periodicAlarm);
  }

  @Override
  public synchronized int readByte(int offset) {
    if (offset == INDEX_PORT) {
      return 0xff; // Write-only.
    }
    if (RtcTime.isTime(index) && !stopped()) {
      RtcTime.store(guestSecond(), memory[B], now);
      return now[index];
    }
    return switch (index) {
      case A -> memory[A] | (updateInProgress() ? A_UPDATE_IN_PROGRESS : 0);
      case C -> takeFlags();
      default -> memory[index];
    };
  }

  @Override
  public synchronized void writeByte(int offset, int value) {
    if (offset == INDEX_PORT) {
      index = value & (CMOS_LENGTH - 1); // Bit 7 masks NMI, which nothing raises.
      return;
    }
    if (RtcTime.isTime(index)) {
      writeTime(value);
      return;
    }
    switch (index) {
      case A -> {
        catchUp();
        memory[A] = (byte) (value & ~A_UPDATE_IN_PROGRESS);
        seenPeriod = periods();
      }
      case B -> writeB(value);
      case C, D -> {
        return; // Read-only.
      }
      default -> {
        catchUp();
        memory[index] = (byte) value;
      }
    }
    armTimers();
    updateIrq();
  }

  private boolean stopped() {
    return (memory[B] & B_SET) != 0;
  }

  private long guestMillis() {
    return clock.wallMillis() + offsetMillis;
  }

  private long guestSecond() {
    return Math.floorDiv(guestMillis(), (long) MILLIS_PER_SECOND);
  }

  private boolean updateInProgress() {
    return !stopped()
        && Math.floorMod(guestMillis(), MILLIS_PER_SECOND) >= MILLIS_PER_SECOND - UPDATE_MILLIS;
  }

  private void writeTime(int value) {
    if (stopped()) {
      memory[index] = (byte) value;
      return;
    }
    RtcTime.store(guestSecond(), memory[B], now);
    now[index] = (byte) value;
    setTime(now);
    armTimers();
  }

  /** The new second begins at once, as the chip's divider starts anew. */
  private void setTime(byte[] registers) {
    offsetMillis = RtcTime.load(memory[B], registers) * MILLIS_PER_SECOND - clock.wallMillis();
    seenSecond = guestSecond();
  }

  private void writeB(int value) {
    catchUp();
    boolean wasStopped = stopped();
    int newValue = (value & B_SET) != 0 ? value & ~B_UPDATE : value;
    if (!wasStopped && (value & B_SET) != 0) {
      RtcTime.store(guestSecond(), memory[B], memory);
    }
    memory[B] = (byte) newValue;
    if (wasStopped && !stopped()) {
      setTime(memory);
    }
  }

  private int takeFlags() {
    catchUp();
    int value = flags | (irqPending() ? C_INTERRUPT : 0);
    flags = 0;
    if ((value & memory[B] & PERIODIC) != 0) {
      armTimers();
    }
    updateIrq();
    return value;
  }

  private boolean irqPending() {
    return (flags & memory[B] & INTERRUPTS) != 0;
  }

  private void updateIrq() {
    boolean active = irqPending();
    if (active != irqActive) {
      irqActive = active;
      irq.set(active);
    }
  }

  private synchronized void timePassed() {
    catchUp();
    armTimers();
    updateIrq();
  }

  /** Sets the flags of all that happened since the last call. */
  private void catchUp() {
    long period = periods();
    if (period != seenPeriod) {
      seenPeriod = period;
      flags |= PERIODIC;
    }
    if (stopped()) {
      return;
    }
    long second = guestSecond();
    if (second == seenSecond) {
      return;
    }
    flags |= UPDATE;
    // After a day every alarm has gone off; a clock set back has passed one second, not minus many.
    long first = Math.max(Math.min(seenSecond + 1, second), second - SECONDS_PER_DAY + 1);
    for (long s = first; s <= second && (flags & ALARM) == 0; s++) {
      if (alarmMatches(s)) {
        flags |= ALARM;
      }
    }
    seenSecond = second;
  }

  private boolean alarmMatches(long second) {
    int ofMinute = (int) Math.floorMod(second, 60L);
    int wanted = memory[SECONDS_ALARM] & 0xff;
    if (wanted < ANY && wanted != RtcTime.encode(ofMinute, memory[B])) {
      return false;
    }
    RtcTime.store(second, memory[B], now);
    return matches(MINUTES_ALARM, RtcTime.MINUTES) && matches(HOURS_ALARM, RtcTime.HOURS);
  }

  private boolean matches(int alarmRegister, int timeRegister) {
    int wanted = memory[alarmRegister] & 0xff;
    return wanted >= ANY || wanted == (now[timeRegister] & 0xff);
  }

  /** Oscillator ticks of a period of the periodic interrupt; 0 for none. */
  private long periodTicks() {
    int rate = memory[A] & A_RATE_MASK;
    if (rate == 0 || (memory[A] & A_DIVIDER_MASK) != A_DIVIDER_RUNNING) {
      return 0;
    }
    return 1L << (rate <= 2 ? rate + 6 : rate - 1); // 1 and 2 give 256 Hz and 128 Hz.
  }

  private long ticks() {
    long nanos = clock.nanoTime();
    return Math.floorDiv(nanos, NANOS_PER_SECOND) * OSCILLATOR_HZ
        + Math.floorMod(nanos, NANOS_PER_SECOND) * OSCILLATOR_HZ / NANOS_PER_SECOND;
  }

  private long periods() {
    long length = periodTicks();
    return length == 0 ? 0 : Math.floorDiv(ticks(), length);
  }

  private void armTimers() {
    if ((memory[B] & (ALARM | UPDATE)) != 0 && !stopped()) {
      long left = MILLIS_PER_SECOND - (long) Math.floorMod(guestMillis(), MILLIS_PER_SECOND);
      secondAlarm.after(left * NANOS_PER_MILLI);
    } else {
      secondAlarm.cancel();
    }
    long length = periodTicks();
    // Until the guest has taken one, another changes nothing.
    if ((memory[B] & ~flags & PERIODIC) != 0 && length != 0) {
      long left = length - Math.floorMod(ticks(), length);
      periodicAlarm.after(left * NANOS_PER_SECOND / OSCILLATOR_HZ + 1);
    } else {
      periodicAlarm.cancel();
    }
  }
}
