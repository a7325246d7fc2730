package javelin.devices.console;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/** A device that takes what a test gives it room for. */
final class RecordingPort implements SerialBackend.Port {
  private static final long TIMEOUT_MILLIS = 10_000;

  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private int room = Integer.MAX_VALUE;
  private int writable;

  synchronized void room(int newRoom) {
    room = newRoom;
  }

  @Override
  public synchronized int room() {
    return room;
  }

  @Override
  public synchronized void receive(byte[] bytes, int offset, int length) {
    received.write(bytes, offset, length);
    room -= length;
    notifyAll();
  }

  @Override
  public synchronized void writable() {
    writable++;
    notifyAll();
  }

  synchronized String received() {
    return received.toString(StandardCharsets.ISO_8859_1);
  }

  synchronized int writableCalls() {
    return writable;
  }

  /** Waits until {@code condition} holds, which is looked at each time that something happens. */
  synchronized boolean await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.currentTimeMillis() + TIMEOUT_MILLIS;
    while (!condition.getAsBoolean()) {
      long left = deadline - System.currentTimeMillis();
      if (left <= 0) {
        return false;
      }
      wait(Math.min(left, 20));
    }
    return true;
  }

  boolean awaitReceived(String text) throws InterruptedException {
    return await(() -> received().equals(text));
  }

  static void send(SerialBackend backend, String text) {
    for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
      backend.write(b);
    }
  }
}
