package javelin.devices.legacy;

import javelin.devices.console.SerialBackend;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;

/**
 * The one-port console of Bochs (port 0xE9): a byte written is output, a read gives 0xE9. Output
 * that its back end has no room for is lost: the port has no status.
 */
public final class DebugConsole implements ByteRegisters {
  private static final int SIGNATURE = 0xe9;

  private final SerialBackend backend;

  /** A console that writes to {@code backend}. */
  public DebugConsole(SerialBackend backend) {
    this.backend = backend;
    backend.attach(SerialBackend.NO_PORT);
  }

  /** Answers at {@code port}. */
  public IoRange attach(IoSpace ports, int port) {
    return ports.register("debug console", port, 1, this);
  }

  @Override
  public int readByte(int offset) {
    return SIGNATURE;
  }

  @Override
  public void writeByte(int offset, int value) {
    backend.write(value);
  }
}
