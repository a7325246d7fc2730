package javelin.devices.legacy;

import java.util.Arrays;
import javelin.devices.console.SerialBackend;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.Resettable;

/**
 * A 16550A UART (National Semiconductor PC16550D data sheet, section 8).
 *
 * <p>The line has no speed: a byte written is with the back end at once, and the transmitter is
 * empty again unless the back end says that it is full (see {@link SerialBackend}); a byte written
 * regardless may be lost, as on the real device. For the same reason the receiver's character
 * time-out has passed as soon as the FIFO holds fewer bytes than its trigger level. CTS, DSR and
 * DCD are always there.
 *
 * <p>Its state is guarded by its lock.
 */
public final class SerialPort implements ByteRegisters, SerialBackend.Port, Resettable {
  /** Ports that it takes. */
  public static final int LENGTH = 8;

  private static final int DATA = 0;
  private static final int IER = 1;
  private static final int IIR_FCR = 2;
  private static final int LCR = 3;
  private static final int MCR = 4;
  private static final int LSR = 5;
  private static final int MSR = 6;

  private static final int IER_RECEIVED = 0x01;
  private static final int IER_TRANSMITTER_EMPTY = 0x02;
  private static final int IER_LINE_STATUS = 0x04;
  private static final int IER_MODEM_STATUS = 0x08;
  private static final int IER_MASK = 0x0f;

  private static final int IIR_MODEM_STATUS = 0x00;
  private static final int IIR_NONE = 0x01;
  private static final int IIR_TRANSMITTER_EMPTY = 0x02;
  private static final int IIR_RECEIVED = 0x04;
  private static final int IIR_LINE_STATUS = 0x06;
  private static final int IIR_TIME_OUT = 0x0c;
  private static final int IIR_FIFOS = 0xc0;

  private static final int FCR_ENABLE = 0x01;
  private static final int FCR_CLEAR_RECEIVER = 0x02;
  private static final int FCR_TRIGGER_SHIFT = 6;
  private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

  private static final int LCR_DIVISOR = 0x80;

  private static final int MCR_LOOPBACK = 0x10;
  private static final int MCR_MASK = 0x1f;

  private static final int LSR_DATA_READY = 0x01;
  private static final int LSR_OVERRUN = 0x02;
  private static final int LSR_TRANSMITTER_EMPTY = 0x60;

  private static final int MSR_RING = 0x40;
  private static final int MSR_LINES = 0xf0;

  /** CTS, DSR and DCD. */
  private static final int MSR_CONNECTED = 0xb0;

  private static final int DIVISOR_9600_BAUD = 12;
  private static final int FIFO_LENGTH = 16;

  private final IrqLine irq;
  private final SerialBackend backend;
  private final byte[] fifo = new byte[FIFO_LENGTH];
  private int fifoStart;
  private int fifoCount;

  private int divisor;
  private int ier;
  private int fcr;
  private int lcr;
  private int mcr;
  private int msr;
  private int scratch;
  private boolean overrun;
  private boolean transmitterFull;
  private boolean transmitterEmptyPending;
  private boolean irqActive;

  /** A port at power-on, whose line is {@code backend}. */
  public SerialPort(IrqLine irq, SerialBackend backend) {
    this.irq = irq;
    this.backend = backend;
    powerOn();
    backend.attach(this);
  }

  /** Answers at {@code base} to {@code base + 7}. */
  public IoRange attach(IoSpace ports, int base) {
    return ports.register("serial port", base, LENGTH, this);
  }

  private void powerOn() {
    Arrays.fill(fifo, (byte) 0);
    fifoStart = 0;
    fifoCount = 0;
    divisor = DIVISOR_9600_BAUD;
    ier = 0;
    fcr = 0;
    lcr = 0;
    mcr = 0;
    msr = MSR_CONNECTED;
    scratch = 0;
    overrun = false;
    transmitterEmptyPending = false;
  }

  @Override
  public void reset() {
    synchronized (this) {
      powerOn();
      updateIrq();
    }
    backend.inputWanted();
  }

  @Override
  public int readByte(int offset) {
    boolean wantsInput = false;
    int value;
    synchronized (this) {
      switch (offset) {
        case DATA -> {
          if (divisorLatch()) {
            value = divisor & 0xff;
          } else {
            value = takeReceived();
            wantsInput = fifoCount == 0;
          }
        }
        case IER -> value = divisorLatch() ? divisor >>> 8 : ier;
        case IIR_FCR -> value = readInterruptIdentification();
        case LCR -> value = lcr;
        case MCR -> value = mcr;
        case LSR -> value = readLineStatus();
        case MSR -> {
          value = msr;
          msr &= MSR_LINES;
        }
        default -> value = scratch;
      }
      updateIrq();
    }
    if (wantsInput) {
      backend.inputWanted();
    }
    return value;
  }

  @Override
  public void writeByte(int offset, int value) {
    boolean wantsInput = false;
    synchronized (this) {
      switch (offset) {
        case DATA -> {
          if (divisorLatch()) {
            divisor = (divisor & 0xff00) | value;
          } else {
            transmit(value);
          }
        }
        case IER -> {
          if (divisorLatch()) {
            divisor = (divisor & 0xff) | (value << 8);
          } else {
            enableInterrupts(value & IER_MASK);
          }
        }
        case IIR_FCR -> {
          control(value);
          wantsInput = true;
        }
        case LCR -> lcr = value;
        case MCR -> {
          mcr = value & MCR_MASK;
          modemLines(loopback() ? loopedLines() : MSR_CONNECTED);
          wantsInput = !loopback();
        }
        case LSR, MSR -> {
          // Read-only but for factory tests.
        }
        default -> scratch = value;
      }
      updateIrq();
    }
    if (wantsInput) {
      backend.inputWanted();
    }
  }

  private boolean divisorLatch() {
    return (lcr & LCR_DIVISOR) != 0;
  }

  private boolean loopback() {
    return (mcr & MCR_LOOPBACK) != 0;
  }

  private boolean fifosEnabled() {
    return (fcr & FCR_ENABLE) != 0;
  }

  private int capacity() {
    return fifosEnabled() ? FIFO_LENGTH : 1;
  }

  /** The byte that was received first; an empty receiver gives what it gave last. */
  private int takeReceived() {
    int value = fifo[fifoStart] & 0xff;
    if (fifoCount > 0) {
      fifoCount--;
      if (fifoCount > 0) {
        fifoStart = (fifoStart + 1) % FIFO_LENGTH;
      }
    }
    return value;
  }

  /** Where it overruns, a FIFO keeps what it has, and the single register the newer byte. */
  private void putReceived(int value) {
    if (fifoCount == capacity()) {
      overrun = true;
      if (fifosEnabled()) {
        return;
      }
      fifoCount = 0;
    }
    if (fifoCount == 0) {
      fifoStart = 0;
    }
    fifo[(fifoStart + fifoCount) % FIFO_LENGTH] = (byte) value;
    fifoCount++;
  }

  private void transmit(int value) {
    if (loopback()) {
      putReceived(value);
    } else {
      transmitterFull = !backend.write(value);
    }
    transmitterEmptyPending = !transmitterFull;
  }

  private void enableInterrupts(int value) {
    boolean wasEnabled = (ier & IER_TRANSMITTER_EMPTY) != 0;
    ier = value;
    if (!wasEnabled && (ier & IER_TRANSMITTER_EMPTY) != 0 && !transmitterFull) {
      transmitterEmptyPending = true; // Enabling it with an empty transmitter raises it.
    }
  }

  private void control(int value) {
    boolean wasEnabled = fifosEnabled();
    // The other bits count only together with the enable bit.
    fcr = (value & FCR_ENABLE) != 0 ? value : 0;
    if (wasEnabled != fifosEnabled() || (fcr & FCR_CLEAR_RECEIVER) != 0) {
      fifoCount = 0;
      overrun = false;
    }
  }

  /** DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD. */
  private int loopedLines() {
    int dsr = (mcr & 0x01) << 5;
    int cts = (mcr & 0x02) << 3;
    int ringAndCarrier = (mcr & 0x0c) << 4;
    return dsr | cts | ringAndCarrier;
  }

  /** The low four bits say which line changed; RI counts at its end only. */
  private void modemLines(int lines) {
    int before = msr & MSR_LINES;
    int changed = before ^ lines;
    if ((changed & MSR_RING) != 0 && (lines & MSR_RING) != 0) {
      changed &= ~MSR_RING;
    }
    msr = lines | (msr & ~MSR_LINES) | (changed >>> 4);
  }

  private int readLineStatus() {
    int value = 0;
    if (fifoCount > 0) {
      value |= LSR_DATA_READY;
    }
    if (overrun) {
      value |= LSR_OVERRUN;
      overrun = false;
    }
    if (!transmitterFull || loopback()) {
      value |= LSR_TRANSMITTER_EMPTY;
    }
    return value;
  }

  /** Reading it ends the transmitter's interrupt, if that is the one it shows. */
  private int readInterruptIdentification() {
    int identification = interruptIdentification();
    if (identification == IIR_TRANSMITTER_EMPTY) {
      transmitterEmptyPending = false;
    }
    return identification | (fifosEnabled() ? IIR_FIFOS : 0);
  }

  private int interruptIdentification() {
    if ((ier & IER_LINE_STATUS) != 0 && overrun) {
      return IIR_LINE_STATUS;
    }
    if ((ier & IER_RECEIVED) != 0 && fifoCount > 0) {
      boolean triggered =
          !fifosEnabled() || fifoCount >= TRIGGER_LEVELS[fcr >>> FCR_TRIGGER_SHIFT & 3];
      return triggered ? IIR_RECEIVED : IIR_TIME_OUT;
    }
    if ((ier & IER_TRANSMITTER_EMPTY) != 0 && transmitterEmptyPending) {
      return IIR_TRANSMITTER_EMPTY;
    }
    if ((ier & IER_MODEM_STATUS) != 0 && (msr & ~MSR_LINES) != 0) {
      return IIR_MODEM_STATUS;
    }
    return IIR_NONE;
  }

  private void updateIrq() {
    boolean active = interruptIdentification() != IIR_NONE;
    if (active != irqActive) {
      irqActive = active;
      irq.set(active);
    }
  }

  @Override
  public synchronized int room() {
    return loopback() ? 0 : capacity() - fifoCount;
  }

  @Override
  public synchronized void receive(byte[] bytes, int offset, int length) {
    for (int i = 0; i < length; i++) {
      putReceived(bytes[offset + i]);
    }
    updateIrq();
  }

  @Override
  public synchronized void writable() {
    if (transmitterFull) {
      transmitterFull = false;
      transmitterEmptyPending = true;
      updateIrq();
    }
  }
}
