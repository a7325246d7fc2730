package javelin.devices.legacy;

import java.util.Arrays;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.PowerControl;
import javelin.vmm.machine.Resettable;

/**
 * The PC's keyboard controller (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and
 * Auxiliary Device Controller"), with a keyboard and a mouse that nobody touches. It is here for
 * its reset line, and so that a driver that probes it gets each answer at once.
 *
 * <p>Its state is guarded by its lock.
 */
public final class I8042 implements Resettable {
  private static final int STATUS_OUTPUT_FULL = 0x01;
  private static final int STATUS_SYSTEM = 0x04;
  private static final int STATUS_COMMAND = 0x08;
  private static final int STATUS_UNLOCKED = 0x10;
  private static final int STATUS_AUX = 0x20;

  private static final int MODE_KEYBOARD_IRQ = 0x01;
  private static final int MODE_AUX_IRQ = 0x02;
  private static final int MODE_SYSTEM = 0x04;
  private static final int MODE_KEYBOARD_OFF = 0x10;
  private static final int MODE_AUX_OFF = 0x20;
  private static final int MODE_TRANSLATE = 0x40;

  /** As a PC's firmware leaves it. */
  private static final int MODE_AT_BOOT =
      MODE_TRANSLATE | MODE_AUX_OFF | MODE_SYSTEM | MODE_KEYBOARD_IRQ;

  private static final int OUTPUT_NOT_RESET = 0x01;
  private static final int OUTPUT_A20 = 0x02;
  private static final int OUTPUT_KEYBOARD_IRQ = 0x10;
  private static final int OUTPUT_AUX_IRQ = 0x20;
  private static final int INPUT_UNLOCKED = 0x80;

  private static final int READ_RAM = 0x20;
  private static final int WRITE_RAM = 0x60;
  private static final int RAM_LENGTH = 0x20;
  private static final int DISABLE_AUX = 0xa7;
  private static final int ENABLE_AUX = 0xa8;
  private static final int TEST_AUX = 0xa9;
  private static final int SELF_TEST = 0xaa;
  private static final int TEST_KEYBOARD = 0xab;
  private static final int DISABLE_KEYBOARD = 0xad;
  private static final int ENABLE_KEYBOARD = 0xae;
  private static final int READ_INPUT_PORT = 0xc0;
  private static final int READ_OUTPUT_PORT = 0xd0;
  private static final int WRITE_OUTPUT_PORT = 0xd1;
  private static final int WRITE_KEYBOARD_BUFFER = 0xd2;
  private static final int WRITE_AUX_BUFFER = 0xd3;
  private static final int WRITE_AUX = 0xd4;
  private static final int DISABLE_A20 = 0xdd;
  private static final int ENABLE_A20 = 0xdf;
  private static final int PULSE_OUTPUT = 0xf0;

  private static final int SELF_TEST_PASSED = 0x55;
  private static final int INTERFACE_GOOD = 0x00;
  private static final int NO_COMMAND = -1;

  private static final int QUEUE_LENGTH = 32;
  private static final int FROM_AUX = 0x100;

  private final IrqLine keyboardIrq;
  private final IrqLine auxIrq;
  private final PowerControl power;
  private final Ps2Device keyboard = new Ps2Device.Keyboard(value -> push(value));
  private final Ps2Device mouse = new Ps2Device.Mouse(value -> push(value | FROM_AUX));

  /** Byte 0 is the mode. */
  private final int[] ram = new int[RAM_LENGTH];

  /** What waits to be read, with {@link #FROM_AUX}; a host that never reads loses the newest. */
  private final int[] queue = new int[QUEUE_LENGTH];

  private int queueStart;
  private int queueCount;
  private int lastRead;
  private int pendingCommand;
  private boolean lastWasCommand;
  private boolean a20;

  /** A controller at power-on; its lines are IRQ 1 and IRQ 12. */
  public I8042(IrqLine keyboardIrq, IrqLine auxIrq, PowerControl power) {
    this.keyboardIrq = keyboardIrq;
    this.auxIrq = auxIrq;
    this.power = power;
    powerOn();
  }

  /** Answers at its data port, 0x60, and its command port, 0x64. */
  public void attach(IoSpace ports, int dataPort, int commandPort) {
    ports.register("i8042 data", dataPort, 1, dataRegister());
    ports.register("i8042 command", commandPort, 1, commandRegister());
  }

  private void powerOn() {
    Arrays.fill(ram, 0);
    ram[0] = MODE_AT_BOOT;
    queueStart = 0;
    queueCount = 0;
    lastRead = 0;
    pendingCommand = NO_COMMAND;
    lastWasCommand = false;
    a20 = true;
    keyboard.reset();
    mouse.reset();
  }

  @Override
  public synchronized void reset() {
    powerOn();
    updateIrqs();
  }

  private void push(int entry) {
    if (queueCount < QUEUE_LENGTH) {
      queue[(queueStart + queueCount) % QUEUE_LENGTH] = entry;
      queueCount++;
    }
  }

  private boolean outputFrom(int source) {
    return queueCount > 0 && (queue[queueStart] & FROM_AUX) == source;
  }

  private void updateIrqs() {
    keyboardIrq.set(outputFrom(0) && (ram[0] & MODE_KEYBOARD_IRQ) != 0);
    auxIrq.set(outputFrom(FROM_AUX) && (ram[0] & MODE_AUX_IRQ) != 0);
  }

  private synchronized int readData() {
    if (queueCount > 0) {
      lastRead = queue[queueStart] & 0xff;
      queueStart = (queueStart + 1) % QUEUE_LENGTH;
      queueCount--;
      // The next byte is an edge of its own.
      keyboardIrq.set(false);
      auxIrq.set(false);
      updateIrqs();
    }
    return lastRead;
  }

  private synchronized int readStatus() {
    int status = STATUS_UNLOCKED;
    if (queueCount > 0) {
      status |= STATUS_OUTPUT_FULL;
    }
    if (outputFrom(FROM_AUX)) {
      status |= STATUS_AUX;
    }
    if ((ram[0] & MODE_SYSTEM) != 0) {
      status |= STATUS_SYSTEM;
    }
    if (lastWasCommand) {
      status |= STATUS_COMMAND;
    }
    return status;
  }

  private void writeData(int value) {
    boolean reset = false;
    synchronized (this) {
      int command = pendingCommand;
      pendingCommand = NO_COMMAND;
      lastWasCommand = false;
      if (command >= WRITE_RAM && command < WRITE_RAM + RAM_LENGTH) {
        ram[command - WRITE_RAM] = value;
      } else {
        switch (command) {
          case WRITE_OUTPUT_PORT -> {
            a20 = (value & OUTPUT_A20) != 0;
            reset = (value & OUTPUT_NOT_RESET) == 0;
          }
          case WRITE_KEYBOARD_BUFFER -> push(value);
          case WRITE_AUX_BUFFER -> push(value | FROM_AUX);
          case WRITE_AUX -> mouse.receive(value);
          default -> keyboard.receive(value);
        }
      }
      updateIrqs();
    }
    if (reset) {
      power.reset("keyboard controller");
    }
  }

  private void writeCommand(int command) {
    boolean reset = false;
    synchronized (this) {
      lastWasCommand = true;
      pendingCommand = NO_COMMAND;
      if (command >= READ_RAM && command < READ_RAM + RAM_LENGTH) {
        push(ram[command - READ_RAM]);
      } else if (command >= WRITE_RAM && command < WRITE_RAM + RAM_LENGTH) {
        pendingCommand = command;
      } else if (command >= PULSE_OUTPUT) {
        reset = (command & OUTPUT_NOT_RESET) == 0;
      } else {
        execute(command);
      }
      updateIrqs();
    }
    if (reset) {
      power.reset("keyboard controller");
    }
  }

  private void execute(int command) {
    switch (command) {
      case DISABLE_AUX -> ram[0] |= MODE_AUX_OFF;
      case ENABLE_AUX -> ram[0] &= ~MODE_AUX_OFF;
      case DISABLE_KEYBOARD -> ram[0] |= MODE_KEYBOARD_OFF;
      case ENABLE_KEYBOARD -> ram[0] &= ~MODE_KEYBOARD_OFF;
      case SELF_TEST -> {
        ram[0] |= MODE_SYSTEM;
        push(SELF_TEST_PASSED);
      }
      case TEST_AUX, TEST_KEYBOARD -> push(INTERFACE_GOOD);
      case READ_INPUT_PORT -> push(INPUT_UNLOCKED);
      case READ_OUTPUT_PORT -> push(outputPort());
      case DISABLE_A20 -> a20 = false;
      case ENABLE_A20 -> a20 = true;
      case WRITE_OUTPUT_PORT, WRITE_KEYBOARD_BUFFER, WRITE_AUX_BUFFER, WRITE_AUX ->
          pendingCommand = command;
      default -> {
        // Not a command of this controller.
      }
    }
  }

  /** The A20 bit reads as written; the gate itself is always open. */
  private int outputPort() {
    return OUTPUT_NOT_RESET
        | (a20 ? OUTPUT_A20 : 0)
        | (outputFrom(0) ? OUTPUT_KEYBOARD_IRQ : 0)
        | (outputFrom(FROM_AUX) ? OUTPUT_AUX_IRQ : 0);
  }

  private IoHandler dataRegister() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        return readData();
      }

      @Override
      public void writeByte(int offset, int value) {
        writeData(value);
      }
    };
  }

  private IoHandler commandRegister() {
    return new ByteRegisters() {
      @Override
      public int readByte(int offset) {
        return readStatus();
      }

      @Override
      public void writeByte(int offset, int value) {
        writeCommand(value);
      }
    };
  }
}
