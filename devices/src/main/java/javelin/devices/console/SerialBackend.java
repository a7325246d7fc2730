package javelin.devices.console;

import org.agrona.DirectBuffer;

/**
 * What is at the other end of a character device's line.
 *
 * <p>Output: {@link #write} never blocks. A back end queues what its outside does not take at once;
 * when the queue is nearly full it says so, and the device tells the guest that its transmitter is
 * busy until {@link Port#writable}. So a slow outside slows the guest down as a slow line would, no
 * byte of a guest that looks at its transmitter is lost, and no vCPU thread waits.
 *
 * <p>Input: the back end calls the {@link Port}, holding none of its own locks, and gives it no
 * more than it has room for. A device may hold its lock while it calls {@link #write}, but not
 * while it calls {@link #inputWanted}.
 */
public interface SerialBackend extends AutoCloseable {
  /** The device's end of the line. */
  interface Port {
    /** Bytes of input that the device takes now. */
    int room();

    /** Input, at most {@link #room} bytes of it; more overruns the device. */
    void receive(byte[] bytes, int offset, int length);

    /** There is room for output again after {@link SerialBackend#write} said there was none. */
    void writable();
  }

  /** A port without a device. */
  Port NO_PORT =
      new Port() {
        @Override
        public int room() {
          return 0;
        }

        @Override
        public void receive(byte[] bytes, int offset, int length) {}

        @Override
        public void writable() {}
      };

  /** Connects the device; once, before the first {@link #write}. Input flows from now on. */
  void attach(Port port);

  /**
   * Sends a byte. Any thread may call.
   *
   * @param value the byte, in the low 8 bits
   * @return whether there is room for a burst of at least 16 more; if not, {@link Port#writable} is
   *     called when there is
   */
  boolean write(int value);

  /**
   * Sends bytes, as many as there is room for. Any thread may call.
   *
   * @return how many; where that is not all, {@link Port#writable} is called when there is room
   */
  default int write(DirectBuffer bytes, int offset, int length) {
    for (int i = 0; i < length; i++) {
      if (!write(bytes.getByte(offset + i))) {
        return i + 1;
      }
    }
    return length;
  }

  /** The size of the terminal that this is, as it is now; unknown for all else. */
  default TerminalSize terminalSize() {
    return TerminalSize.UNKNOWN;
  }

  /** The device has room for input again. Any thread may call. */
  void inputWanted();

  /** Sends what is queued, within a bounded time, and lets the outside go. */
  @Override
  void close();
}
