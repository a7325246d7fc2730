package javelin.devices.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;

/**
 * Keeps the output in memory and takes input from a caller: for programs and tests that talk to a
 * guest. Any thread may call.
 */
public final class MemoryBackend implements SerialBackend {
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();

  /** Keeps input in order; taken before the device's lock. */
  private final Object feeding = new Object();

  /** Input that the device had no room for yet. */
  private byte[] pending = new byte[0];

  private volatile Port port = NO_PORT;

  @Override
  public void attach(Port newPort) {
    port = newPort;
  }

  @Override
  public synchronized boolean write(int value) {
    output.write(value);
    notifyAll();
    return true;
  }

  @Override
  public synchronized int write(DirectBuffer bytes, int offset, int length) {
    for (int i = 0; i < length; i++) {
      output.write(bytes.getByte(offset + i));
    }
    notifyAll();
    return length;
  }

  /** All output so far, one character for each byte. */
  public synchronized String text() {
    return output.toString(StandardCharsets.ISO_8859_1);
  }

  /**
   * Waits until the output contains {@code text}.
   *
   * @return whether it came within the time
   */
  public synchronized boolean awaitText(String text, long timeoutMillis)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    while (!text().contains(text)) {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        return false;
      }
      wait(left);
    }
    return true;
  }

  /** Sends {@code text}, one byte for each character, to the device, as it has room. */
  public void type(String text) {
    synchronized (this) {
      byte[] more = text.getBytes(StandardCharsets.ISO_8859_1);
      byte[] joined = new byte[pending.length + more.length];
      System.arraycopy(pending, 0, joined, 0, pending.length);
      System.arraycopy(more, 0, joined, pending.length, more.length);
      pending = joined;
    }
    feed();
  }

  @Override
  public void inputWanted() {
    feed();
  }

  private void feed() {
    synchronized (feeding) {
      while (true) {
        byte[] now = takePending(port.room());
        if (now.length == 0) {
          return;
        }
        port.receive(now, 0, now.length);
      }
    }
  }

  private synchronized byte[] takePending(int maximum) {
    int length = Math.min(maximum, pending.length);
    byte[] now = Arrays.copyOf(pending, length);
    pending = Arrays.copyOfRange(pending, length, pending.length);
    return now;
  }

  @Override
  public void close() {}
}
