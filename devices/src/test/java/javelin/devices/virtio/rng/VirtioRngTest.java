package javelin.devices.virtio.rng;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.Errno;
import org.junit.jupiter.api.Test;

@OnBothLayouts
class VirtioRngTest {
  private static final long BUFFER = 0x10_0000;
  private static final int FILL = 0x5a;

  @Test
  void shouldFillTheBuffersAndInterruptOnce() {
    try (VirtioBench bench = new VirtioBench(machine -> new VirtioRng(machine.loop))) {
      ModelDriver driver = bench.driver();
      ModelRing ring = driver.start(0, 16);
      ring.send(0, BUFFER, 3, BUFFER + 0x100, 5);
      int second = ring.send(0, BUFFER + 0x200, 8);
      driver.notify(0);
      assertThat(ring.usedIndex()).isEqualTo(2);
      assertThat(ring.usedWritten(0)).isEqualTo(8);
      assertThat(ring.usedHead(1)).isEqualTo(second);
      assertThat(bench.memory.readU32(BUFFER)).isEqualTo(0x5a5a5a);
      assertThat(bench.memory.readU8(BUFFER + 0x104)).isEqualTo(FILL);
      assertThat(bench.memory.readU8(BUFFER + 0x105)).isZero();
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(0xfee0_0000L, 0));
      assertThat(bench.problems).isEmpty();
    }
  }

  @Test
  void shouldGiveAPageAtMostForOneRequest() {
    try (VirtioBench bench = new VirtioBench(machine -> new VirtioRng(machine.loop))) {
      ModelDriver driver = bench.driver();
      ModelRing ring = driver.start(0, 16);
      ring.send(0, BUFFER, 0x10_0000);
      driver.notify(0);
      assertThat(ring.usedWritten(0)).isEqualTo(4096);
      assertThat(bench.memory.readU8(BUFFER + 4095)).isEqualTo(FILL);
      assertThat(bench.memory.readU8(BUFFER + 4096)).isZero();
    }
  }

  @Test
  void shouldWaitWhenItsRateIsUsedUp() {
    AtomicLong clock = new AtomicLong();
    try (VirtioBench bench =
        new VirtioBench(machine -> new VirtioRng(machine.loop, 100, clock::get))) {
      ModelDriver driver = bench.driver();
      ModelRing ring = driver.start(0, 16);
      ring.send(0, BUFFER, 60);
      ring.send(0, BUFFER, 60);
      ring.send(0, BUFFER, 60);
      driver.notify(0);
      assertThat(ring.usedIndex()).isEqualTo(2);
      assertThat(ring.usedWritten(1)).isEqualTo(40);
      assertThat(bench.syscalls.calls("timerfdSettime")).isNotEmpty();

      clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(500));
      driver.notify(0); // As the timer does.
      assertThat(ring.usedIndex()).isEqualTo(3);
      assertThat(ring.usedWritten(2)).isEqualTo(50);
    }
  }

  @Test
  void shouldReportAndGoOnWhenTheHostGivesNoBytes() {
    try (VirtioBench bench = new VirtioBench(machine -> new VirtioRng(machine.loop))) {
      ModelDriver driver = bench.driver();
      ModelRing ring = driver.start(0, 16);
      bench.syscalls.fail("getrandom", 1, Errno.EINTR).fail("getrandom", 2, Errno.ENOSYS);
      ring.send(0, BUFFER, 16);
      ring.send(0, BUFFER, 16);
      driver.notify(0);
      assertThat(ring.usedWritten(0)).isZero();
      assertThat(ring.usedWritten(1)).isEqualTo(16);
      assertThat(bench.problems)
          .containsExactly("virtio-rng 00:03.0: getrandom: ENOSYS (function not implemented)");
    }
  }

  @Test
  void shouldNeedAResetWhenARequestHasNothingToFill() {
    try (VirtioBench bench = new VirtioBench(machine -> new VirtioRng(machine.loop))) {
      ModelDriver driver = bench.driver();
      ModelRing ring = driver.start(0, 16);
      ring.send(1, BUFFER, 16);
      driver.notify(0);
      assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(0xfee0_0000L, 1));
      assertThat(bench.problems).hasSize(1);
    }
  }

  @Test
  void shouldSaveASecondsWorthAtMost() {
    AtomicLong clock = new AtomicLong(5);
    TokenBucket bucket = new TokenBucket(1000, clock::get);
    assertThat(bucket.available()).isEqualTo(1000);
    bucket.take(1000);
    assertThat(bucket.available()).isZero();
    assertThat(bucket.nanosUntil(1)).isEqualTo(1_000_000);
    clock.addAndGet(1_500_000);
    assertThat(bucket.available()).isEqualTo(1);
    clock.addAndGet(500_000);
    assertThat(bucket.available()).as("the half token was not lost").isEqualTo(2);
    clock.addAndGet(TimeUnit.HOURS.toNanos(1));
    assertThat(bucket.available()).isEqualTo(1000);
    assertThat(bucket.nanosUntil(1)).isZero();
  }
}
