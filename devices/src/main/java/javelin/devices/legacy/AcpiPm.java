package javelin.devices.legacy;

import java.util.concurrent.TimeUnit;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.PowerControl;
import javelin.vmm.machine.Resettable;
import org.agrona.CloseHelper;

/**
 * ACPI fixed hardware (ACPI 6.5, 4.8): the PM1a event and control registers, the PM timer and one
 * general-purpose event block.
 *
 * <p>There is no SMI command port: the machine is always in ACPI mode, so SCI_EN reads as set. S5
 * is the only sleep state. The fixed-feature power button is {@link #pressPowerButton}.
 *
 * <p>Its state is guarded by its lock.
 */
public final class AcpiPm implements Resettable, AutoCloseable {
  /** Bytes of each block. */
  public static final int PM1_EVENT_LENGTH = 4;

  public static final int PM1_CONTROL_LENGTH = 2;
  public static final int PM_TIMER_LENGTH = 4;
  public static final int GPE0_LENGTH = 8;

  /** The SLP_TYP value of S5, for the DSDT's {@code \_S5} package. */
  public static final int SLEEP_TYPE_S5 = 5;

  /** Ticks of the PM timer in a second. */
  public static final long PM_TIMER_HZ = 3_579_545;

  private static final int TIMER_STATUS = 1 << 0;
  private static final int POWER_BUTTON_STATUS = 1 << 8;

  /** TMR, GBL, PWRBTN, SLPBTN and RTC have an enable bit each. */
  private static final int PM1_ENABLE_MASK = 0x0721;

  private static final int SCI_ENABLED = 1 << 0;
  private static final int SLEEP_TYPE_SHIFT = 10;
  private static final int SLEEP_ENABLE = 1 << 13;

  /** BM_RLD and SLP_TYP; SCI_EN never changes, GBL_RLS and SLP_EN read as 0. */
  private static final int PM1_CONTROL_MASK = 7 << SLEEP_TYPE_SHIFT | 1 << 1;

  private static final int GPE0_HALF = GPE0_LENGTH / 2;

  /** TMR_STS is set each time the timer's highest bit, 31, changes. */
  private static final int TIMER_HIGH_BIT = 31;

  private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

  private final IrqLine sci;
  private final PowerControl power;
  private final DeviceClock clock;
  private final DeviceClock.Alarm timerAlarm;
  private final long timerStart;

  private int pm1Status;
  private int pm1Enable;
  private int pm1Control;
  private long timerHalves;
  private int gpeStatus;
  private int gpeEnable;
  private boolean sciActive;

  /** The hardware at power-on; {@code sci} is a level interrupt. */
  public AcpiPm(IrqLine sci, PowerControl power, DeviceClock clock) {
    this.sci = sci;
    this.power = power;
    this.clock = clock;
    timerStart = clock.nanoTime();
    timerAlarm = clock.alarm(this::timerAlarm);
  }

  /** Answers at the first port of each block, which the FADT names to the guest. */
  public void attach(IoSpace ports, int pm1Event, int pm1ControlPort, int pmTimer, int gpe0) {
    ports.register("ACPI PM1a event", pm1Event, PM1_EVENT_LENGTH, eventRegisters());
    ports.register("ACPI PM1a control", pm1ControlPort, PM1_CONTROL_LENGTH, controlRegister());
    ports.register("ACPI PM timer", pmTimer, PM_TIMER_LENGTH, timerRegister());
    ports.register("ACPI GPE0", gpe0, GPE0_LENGTH, gpeRegisters());
  }

  /**
   * Presses the fixed-feature power button.
   *
   * @return whether the guest listens to it; where not, nothing will come of it
   */
  public synchronized boolean pressPowerButton() {
    pm1Status |= POWER_BUTTON_STATUS;
    updateSci();
    return (pm1Enable & POWER_BUTTON_STATUS) != 0;
  }

  /** Raises general-purpose event {@code number}, 0 to 31 ({@code \_GPE._Lxx} in the DSDT). */
  public synchronized void raiseEvent(int number) {
    gpeStatus |= 1 << number;
    updateSci();
  }

  @Override
  public synchronized void reset() {
    pm1Status = 0;
    pm1Enable = 0;
    pm1Control = 0;
    gpeStatus = 0;
    gpeEnable = 0;
    timerHalves = timerTicks() >>> TIMER_HIGH_BIT;
    updateSci();
  }

  @Override
  public void close() {
    CloseHelper.close(timerAlarm);
  }

  private void updateSci() {
    boolean active = (pm1Status & pm1Enable) != 0 || (gpeStatus & gpeEnable) != 0;
    if (active != sciActive) {
      sciActive = active;
      sci.set(active);
    }
  }

  private long timerTicks() {
    long nanos = clock.nanoTime() - timerStart;
    return nanos / NANOS_PER_SECOND * PM_TIMER_HZ
        + nanos % NANOS_PER_SECOND * PM_TIMER_HZ / NANOS_PER_SECOND;
  }

  private void updateTimerStatus() {
    long halves = timerTicks() >>> TIMER_HIGH_BIT;
    if (halves != timerHalves) {
      timerHalves = halves;
      pm1Status |= TIMER_STATUS;
    }
  }

  /** Only a guest that enables the interrupt needs to be woken for it. */
  private void armTimer() {
    if ((pm1Enable & TIMER_STATUS) == 0) {
      timerAlarm.cancel();
      return;
    }
    long ticksLeft = (1L << TIMER_HIGH_BIT) - (timerTicks() & (1L << TIMER_HIGH_BIT) - 1);
    timerAlarm.after(ticksLeft * NANOS_PER_SECOND / PM_TIMER_HZ + 1);
  }

  private synchronized void timerAlarm() {
    updateTimerStatus();
    armTimer();
    updateSci();
  }

  private static int byteOf(int register, int index) {
    return register >>> (8 * index) & 0xff;
  }

  private static int withByte(int register, int index, int value) {
    return (register & ~(0xff << (8 * index))) | (value << (8 * index));
  }

  /** Bits written as 1 are cleared. */
  private static int clearedBy(int register, int index, int value) {
    return register & ~(value << (8 * index));
  }

  private IoHandler eventRegisters() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        synchronized (AcpiPm.this) {
          updateTimerStatus();
          updateSci();
          return offset < 2 ? byteOf(pm1Status, offset) : byteOf(pm1Enable, offset - 2);
        }
      }

      @Override
      public void writeByte(int offset, int value) {
        synchronized (AcpiPm.this) {
          updateTimerStatus();
          if (offset < 2) {
            pm1Status = clearedBy(pm1Status, offset, value);
          } else {
            int before = pm1Enable;
            pm1Enable = withByte(pm1Enable, offset - 2, value) & PM1_ENABLE_MASK;
            if (((before ^ pm1Enable) & TIMER_STATUS) != 0) {
              armTimer();
            }
          }
          updateSci();
        }
      }
    };
  }

  private IoHandler controlRegister() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        synchronized (AcpiPm.this) {
          return byteOf(pm1Control | SCI_ENABLED, offset);
        }
      }

      @Override
      public void writeByte(int offset, int value) {
        boolean off;
        synchronized (AcpiPm.this) {
          int written = withByte(pm1Control, offset, value);
          pm1Control = written & PM1_CONTROL_MASK;
          off =
              (written & SLEEP_ENABLE) != 0 && (written >>> SLEEP_TYPE_SHIFT & 7) == SLEEP_TYPE_S5;
        }
        if (off) {
          power.powerOff();
        }
      }
    };
  }

  /** One sample for an access of any width. */
  private IoHandler timerRegister() {
    return new IoHandler() {
      @Override
      public long read(long offset, int size) {
        return (timerTicks() & 0xffff_ffffL) >>> (8 * offset);
      }

      @Override
      public void write(long offset, int size, long value) {}
    };
  }

  private IoHandler gpeRegisters() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        synchronized (AcpiPm.this) {
          return offset < GPE0_HALF
              ? byteOf(gpeStatus, offset)
              : byteOf(gpeEnable, offset - GPE0_HALF);
        }
      }

      @Override
      public void writeByte(int offset, int value) {
        synchronized (AcpiPm.this) {
          if (offset < GPE0_HALF) {
            gpeStatus = clearedBy(gpeStatus, offset, value);
          } else {
            gpeEnable = withByte(gpeEnable, offset - GPE0_HALF, value);
          }
          updateSci();
        }
      }
    };
  }
}
