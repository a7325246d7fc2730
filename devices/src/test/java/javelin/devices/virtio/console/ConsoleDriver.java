package javelin.devices.virtio.console;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;

/** A driver of a console device with all its queues set up (virtio 1.2, 5.3.5 and 5.3.6). */
final class ConsoleDriver {
  static final int DEVICE_READY = 0;
  static final int PORT_READY = 3;
  static final int PORT_OPEN = 6;
  static final int RING = 16;

  static final long SAID = 0x8_0000;
  static final long OUTPUT = 0x10_0000;
  static final long INPUT = 0x20_0000;

  private static final long HEARD = 0x9_0000;
  private static final int HEARD_LENGTH = 128;

  private final VirtioBench bench;
  final ModelDriver driver;
  final ModelRing[] rings;

  /** Sets the device up. */
  ConsoleDriver(VirtioBench bench, ModelDriver driver, long features) {
    this.bench = bench;
    this.driver = driver;
    if (!driver.negotiate(features | ModelDriver.VERSION_1)) {
      throw new AssertionError("the device refuses features " + features);
    }
    driver.useMessages();
    rings = new ModelRing[driver.vectors() - 1];
    long base = 0x1_0000;
    for (int i = 0; i < rings.length; i++) {
      rings[i] = ModelRing.of(bench.memory, base, RING);
      driver.queue(i, rings[i]);
      base = rings[i].end();
    }
    driver.ready();
  }

  /** Sends {@code text} in one buffer to queue {@code queue}. */
  void write(int queue, String text) {
    bench.memory.write(OUTPUT, text.getBytes(StandardCharsets.ISO_8859_1));
    rings[queue].send(1, OUTPUT, text.length());
    driver.notify(queue);
  }

  /** Has buffers for {@code lengths} bytes of input, all of them in one request each. */
  void offerInput(int queue, int... lengths) {
    long at = INPUT;
    for (int length : lengths) {
      rings[queue].send(0, at, length);
      at += 0x1_0000;
    }
    driver.notify(queue);
  }

  /** What request {@code count} of queue {@code queue} came back with. */
  String input(int queue, int count) {
    return text(INPUT + 0x1_0000L * count, (int) rings[queue].usedWritten(count));
  }

  private String text(long address, int length) {
    byte[] bytes = new byte[length];
    bench.memory.read(address, bytes, 0, length);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Says something on the control queue. */
  void say(int port, int event, int value) {
    bench.memory.writeU32(SAID, port);
    bench.memory.writeU16(SAID + 4, event);
    bench.memory.writeU16(SAID + 6, value);
    rings[3].send(1, SAID, 8);
    driver.notify(3);
    bench.settle(); // What the device then does on other queues.
  }

  /** Has buffers for {@code count} control messages, the first ones of the ring. */
  void offerControl(int count) {
    for (int i = 0; i < count; i++) {
      rings[2].send(0, HEARD + (long) HEARD_LENGTH * i, HEARD_LENGTH);
    }
    driver.notify(2);
  }

  /** The control messages that came, as {@code "port event value rest"}. */
  List<String> heard() {
    List<String> messages = new ArrayList<>();
    for (int i = 0; i < rings[2].usedIndex(); i++) {
      long at = HEARD + (long) HEARD_LENGTH * i;
      int length = (int) rings[2].usedWritten(i);
      messages.add(
          (bench.memory.readU32(at)
                  + " "
                  + bench.memory.readU16(at + 4)
                  + " "
                  + bench.memory.readU16(at + 6)
                  + " "
                  + text(at + 8, length - 8))
              .strip());
    }
    return messages;
  }
}
