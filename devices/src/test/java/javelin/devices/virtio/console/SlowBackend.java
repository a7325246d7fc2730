package javelin.devices.virtio.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import javelin.devices.console.SerialBackend;
import javelin.devices.console.TerminalSize;
import org.agrona.DirectBuffer;

/** A back end that takes as much output as a test has room for. */
final class SlowBackend implements SerialBackend {
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private int room;
  private boolean isFull;
  private Port port = NO_PORT;
  private TerminalSize size = TerminalSize.UNKNOWN;
  private boolean isClosed;

  /** A back end with room for {@code room} bytes. */
  SlowBackend(int room) {
    this.room = room;
  }

  /** Makes room for {@code more} bytes. */
  void makeRoom(int more) {
    boolean wasFull;
    synchronized (this) {
      room += more;
      wasFull = isFull;
      isFull = false;
    }
    if (wasFull) {
      port.writable();
    }
  }

  /** All output so far, one character for each byte. */
  synchronized String text() {
    return output.toString(StandardCharsets.ISO_8859_1);
  }

  synchronized void terminalSize(TerminalSize newSize) {
    size = newSize;
  }

  synchronized boolean isClosed() {
    return isClosed;
  }

  @Override
  public synchronized TerminalSize terminalSize() {
    return size;
  }

  @Override
  public synchronized void attach(Port newPort) {
    port = newPort;
  }

  @Override
  public boolean write(int value) {
    throw new AssertionError("one byte at a time");
  }

  @Override
  public synchronized int write(DirectBuffer bytes, int offset, int length) {
    int count = Math.min(length, room);
    for (int i = 0; i < count; i++) {
      output.write(bytes.getByte(offset + i));
    }
    room -= count;
    isFull = count < length;
    return count;
  }

  @Override
  public void inputWanted() {}

  @Override
  public synchronized void close() {
    isClosed = true;
  }
}
