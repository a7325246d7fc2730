package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Driver and device on two threads, each of which sleeps until the other one wakes it, as it may be
 * told not to: a wake-up that is lost stops both.
 */
abstract class OrderTestBench extends RamTestBench {
  static final int CHAINS = 300_000;

  /** By the driver's notifications. */
  final Phaser notified = new Phaser(1);

  /** By the device's interrupts; terminated where the device fails. */
  final Phaser interrupted = new Phaser(1);

  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /** Serves {@link #CHAINS} chains, which {@code driver} sends: their numbers, 8 bytes each. */
  void runBoth(Virtqueue queue, Runnable driver) throws InterruptedException {
    Thread device = new Thread(() -> runDevice(queue), "device");
    device.start();
    driver.run();
    device.join();
    assertThat(failure.get()).isNull();
  }

  private void runDevice(Virtqueue queue) {
    try {
      UnsafeBuffer word = new UnsafeBuffer(new byte[8]);
      int served = 0;
      while (served < CHAINS) {
        int phase = notified.getPhase();
        do {
          queue.suppressNotifications();
          while (queue.next(chain)) {
            chain.readable().read(word, 0, 8);
            assertThat(word.getLong(0)).isEqualTo(served);
            queue.complete(chain.head(), served);
            served++;
          }
          if (queue.publish()) {
            interrupted.arrive();
          }
        } while (queue.wantNotifications());
        assertThat(queue.problem()).isNull();
        if (served < CHAINS) {
          notified.awaitAdvance(phase);
        }
      }
    } catch (Throwable e) {
      failure.set(e);
      interrupted.forceTermination();
    }
  }
}
