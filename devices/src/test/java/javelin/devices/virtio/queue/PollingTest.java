package javelin.devices.virtio.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.bench.EchoDevice;
import javelin.devices.virtio.bench.SplitModelRing;
import javelin.devices.virtio.bench.StateBench;
import javelin.devices.virtio.blk.RawDisk;
import javelin.devices.virtio.blk.VirtioBlk;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.IoUring;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How often a driver has to notify a queue that is polled; by counts, not by times. */
@Timeout(60)
class PollingTest {
  private static final int ROUNDS = 300;
  private static final int SIZE = 16;
  private static final long REQUEST = StateBench.BUFFERS;
  private static final long REPLY = StateBench.BUFFERS + 0x1000;

  /** Far longer than the test leaves the device without a request, however busy the host is. */
  private static final long LONG = TimeUnit.SECONDS.toNanos(2);

  @TempDir Path folder;

  /** One request after the other, as a driver does that waits for each; counts notifications. */
  private static final class Driver {
    final StateBench bench;
    final boolean hasEvents;
    int sent;
    int notified;

    Driver(StateBench bench, boolean hasEvents) {
      this.bench = bench;
      this.hasEvents = hasEvents;
      bench.start(hasEvents ? VirtioFeature.EVENT_IDX : 0, SIZE);
    }

    SplitModelRing ring() {
      return (SplitModelRing) bench.rings.get(0);
    }

    void send(int readable, long... buffers) {
      int before = sent++ & 0xffff;
      ring().send(readable, buffers);
      VarHandle.fullFence(); // As in drivers: what was made available is seen before this is read.
      boolean isWanted =
          hasEvents ? ring().availableEvent() == before : (ring().usedFlags() & 1) == 0;
      if (isWanted) {
        notified++;
        bench.state.event(0).signal();
      }
      bench.await(() -> ring().usedIndex() == (sent & 0xffff));
    }
  }

  private static StateBench echo(long pollNanos) {
    return new StateBench("polling test", machine -> new EchoDevice(1, pollNanos));
  }

  private static Driver run(StateBench bench, boolean hasEvents) {
    Driver driver = new Driver(bench, hasEvents);
    for (int i = 0; i < ROUNDS; i++) {
      bench.memory.writeU64(REQUEST, i);
      driver.send(1, REQUEST, 8, REPLY, 8);
      assertThat(bench.memory.readU64(REPLY)).isEqualTo(i);
    }
    return driver;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldNeedFewNotificationsWhileAQueueIsBusy(boolean hasEvents) {
    try (StateBench bench = echo(LONG)) {
      long before = bench.loop.handled();
      Driver driver = run(bench, hasEvents);
      // The window opens in some steps, and each 64 requests the rest of the loop has its turn.
      assertThat(driver.notified).isLessThan(ROUNDS / 10);
      assertThat(bench.loop.handled() - before).isLessThan(ROUNDS / 5);
    }
  }

  /** A driver may see the old flag of a device that is just going idle, so not quite all. */
  @Test
  void shouldNeedANotificationForEachRequestWithoutPolling() {
    try (StateBench bench = echo(0)) {
      Driver driver = new Driver(bench, false);
      for (int i = 0; i < ROUNDS; i++) {
        bench.await(() -> (driver.ring().usedFlags() & 1) == 0);
        driver.send(1, REQUEST, 8, REPLY, 8);
      }
      assertThat(driver.notified).isEqualTo(ROUNDS);
    }
  }

  /** While the first request is served, something becomes ready that brings the second. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void shouldFindWhatCameInTheMeantimeOfAStreamWithoutANotification(boolean isStream)
      throws Exception {
    EchoDevice device = new EchoDevice(1);
    try (StateBench bench = new StateBench("polling test", machine -> device);
        EventFd ready = Linux.system().eventFd()) {
      if (isStream) {
        device.stream();
      }
      bench.start(0, SIZE);
      SplitModelRing ring = (SplitModelRing) bench.rings.get(0);
      AtomicInteger flags = new AtomicInteger(-1);
      EventLoop.Watch watch =
          bench.loop.watch(
              ready.fd(),
              EventLoop.READABLE,
              events -> {
                ready.drain();
                flags.set(ring.usedFlags());
                ring.send(1, REQUEST, 8, REPLY, 8);
              });
      device.hold();
      ring.send(1, REQUEST, 8, REPLY, 8);
      bench.state.event(0).signal();
      device.awaitHeld();
      ready.signal();
      device.release();

      bench.await(() -> flags.get() >= 0);
      if (isStream) {
        bench.await(() -> ring.usedIndex() == 2);
        bench.await(() -> (ring.usedFlags() & 1) == 0);
      }
      assertThat(flags.get()).isEqualTo(isStream ? 1 : 0);
      watch.close();
    }
  }

  @Test
  void shouldStopLookingAtOnceWhenTheQueueIsStopped() {
    try (StateBench bench = echo(TimeUnit.SECONDS.toNanos(1000))) {
      for (int i = 0; i < 3; i++) {
        run(bench, false);
        bench.state.reset(); // Would wait for longer than the test may take.
      }
    }
  }

  @ParameterizedTest
  @EnumSource(RawDisk.Aio.class)
  void shouldFindTheEndsOfADisksRequests(RawDisk.Aio aio) throws Exception {
    assumeTrue(aio != RawDisk.Aio.URING || IoUring.isAvailable(Linux.system()), "no io_uring here");
    Path file = Files.write(folder.resolve("disk.img"), new byte[1 << 16]);
    try (StateBench bench =
        new StateBench(
            "polling test",
            machine ->
                new VirtioBlk(
                    new RawDisk(
                        machine.linux.open(file.toString(), Linux.O_RDWR), false, false, aio),
                    "",
                    1,
                    LONG))) {
      Driver driver = new Driver(bench, false);
      for (int i = 0; i < ROUNDS; i++) {
        bench.memory.writeU32(REQUEST, 1);
        bench.memory.writeU64(REQUEST + 8, i % 128);
        bench.memory.writeU8(REPLY, 0xff);
        driver.send(2, REQUEST, 16, REQUEST + 512, 512, REPLY, 1);
        assertThat(bench.memory.readU8(REPLY)).as("request %d", i).isZero();
      }
      assertThat(driver.notified).isLessThan(ROUNDS / 10);
      assertThat(bench.problems).isEmpty();
    }
  }
}
