package javelin.perf.exits;

import javelin.devices.console.SerialBackend;
import javelin.perf.guest.ConsoleLines;

/** The end of a serial line that cuts what comes into lines. */
final class LineBackend implements SerialBackend {
  private final ConsoleLines lines;

  LineBackend(ConsoleLines lines) {
    this.lines = lines;
  }

  @Override
  public void attach(Port port) {}

  @Override
  public boolean write(int value) {
    lines.accept((byte) value);
    return true;
  }

  @Override
  public void inputWanted() {}

  @Override
  public void close() {}
}
