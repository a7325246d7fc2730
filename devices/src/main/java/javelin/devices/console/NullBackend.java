package javelin.devices.console;

import org.agrona.DirectBuffer;

/** Takes all output, gives no input. */
public final class NullBackend implements SerialBackend {
  @Override
  public void attach(Port port) {}

  @Override
  public boolean write(int value) {
    return true;
  }

  @Override
  public int write(DirectBuffer bytes, int offset, int length) {
    return length;
  }

  @Override
  public void inputWanted() {}

  @Override
  public void close() {}
}
