package javelin.devices.legacy;

import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.machine.PowerControl;
import javelin.vmm.machine.Resettable;

/**
 * A register of one byte of which a bit resets the machine when it goes from 0 to 1. Its state is
 * guarded by its lock.
 */
abstract class ResetRegister implements ByteRegisters, Resettable {
  private final PowerControl power;
  private final String name;
  private final int resetBit;
  private final int writable;
  private final int atPowerOn;
  private int value;

  /**
   * @param power resets the machine
   * @param name for messages
   * @param resetBit the bit that resets
   * @param writable the bits that are stored
   * @param atPowerOn the value at power-on
   */
  ResetRegister(PowerControl power, String name, int resetBit, int writable, int atPowerOn) {
    this.power = power;
    this.name = name;
    this.resetBit = resetBit;
    this.writable = writable;
    this.atPowerOn = atPowerOn;
    value = atPowerOn;
  }

  /** Answers at {@code port}. */
  public IoRange attach(IoSpace ports, int port) {
    return ports.register(name, port, 1, this);
  }

  @Override
  public final synchronized int readByte(int offset) {
    return value;
  }

  @Override
  public final void writeByte(int offset, int newValue) {
    boolean reset;
    synchronized (this) {
      reset = (newValue & ~value & resetBit) != 0;
      value = newValue & writable;
    }
    if (reset) {
      power.reset(name);
    }
  }

  @Override
  public final synchronized void reset() {
    value = atPowerOn;
  }
}
