package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import javelin.devices.HostileAccesses;
import javelin.devices.RecordingLine;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class CmosRtcTest {
  private static final int A = 0x0a;
  private static final int B = 0x0b;
  private static final int C = 0x0c;
  private static final int D = 0x0d;
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long GIBIBYTE = 1L << 30;

  private final RecordingLine irq = new RecordingLine();
  private final FakeClock clock =
      new FakeClock(Instant.parse("2024-02-29T23:59:58.100Z").toEpochMilli());
  private final CmosRtc rtc = new CmosRtc(irq, clock, 3 * GIBIBYTE, 5 * GIBIBYTE);
  private final IoSpace ports = IoSpace.ports();

  CmosRtcTest() {
    rtc.attach(ports, 0x70);
  }

  private int in(int register) {
    ports.write(0x70, 1, register);
    return (int) ports.read(0x71, 1) & 0xff;
  }

  private void out(int register, int value) {
    ports.write(0x70, 1, register);
    ports.write(0x71, 1, value);
  }

  private String time() {
    return String.format(
        "%02x%02x-%02x-%02x %02x:%02x:%02x day %x",
        in(0x32), in(9), in(8), in(7), in(4), in(2), in(0), in(6));
  }

  @Test
  void shouldTellTheHostsTimeInBcdWhenNothingIsSet() {
    assertThat(time()).isEqualTo("2024-02-29 23:59:58 day 5");
    clock.advance(2 * SECOND);
    assertThat(time()).isEqualTo("2024-03-01 00:00:00 day 6");
    assertThat(in(D)).isEqualTo(0x80);
  }

  @Test
  void shouldTellTheTimeInBinaryAndTwelveHoursWhenAskedTo() {
    out(B, 0x04);
    assertThat(in(9)).isEqualTo(24);
    assertThat(in(7)).isEqualTo(29);
    assertThat(in(4)).isEqualTo(0x80 | 11);
    assertThat(in(2)).isEqualTo(59);
    out(B, 0x00);
    assertThat(in(4)).isEqualTo(0x91);
    clock.advance(2 * SECOND);
    assertThat(in(4)).isEqualTo(0x12);
    out(4, 0x92);
    out(B, 0x02);
    assertThat(in(4)).isEqualTo(0x12);
  }

  @Test
  void shouldAgreeWithTheCalendarWhenAnyTimeIsStored() {
    SplittableRandom random = new SplittableRandom(0x27c);
    byte[] registers = new byte[128];
    for (int i = 0; i < 100_000; i++) {
      long second = random.nextLong(-30_000_000_000L, 250_000_000_000L);
      LocalDateTime expected = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC);
      RtcTime.store(second, RtcTime.B_BINARY | RtcTime.B_24_HOURS, registers);
      assertThat(registers[9] + 100 * registers[0x32]).isEqualTo(expected.getYear());
      assertThat(registers[8]).isEqualTo((byte) expected.getMonthValue());
      assertThat(registers[7]).isEqualTo((byte) expected.getDayOfMonth());
      assertThat(registers[6]).isEqualTo((byte) (expected.getDayOfWeek().getValue() % 7 + 1));
      assertThat(registers[4]).isEqualTo((byte) expected.getHour());
      for (int b : new int[] {0, 2, 4, 6}) {
        RtcTime.store(second, b, registers);
        assertThat(RtcTime.load(b, registers)).isEqualTo(second);
      }
    }
  }

  @Test
  void shouldRunOnFromTheNewTimeWhenTheGuestSetsIt() {
    out(B, 0x82);
    clock.advance(5 * SECOND);
    assertThat(in(0)).isEqualTo(0x58);
    out(0x32, 0x19);
    out(9, 0x99);
    out(8, 0x12);
    out(7, 0x31);
    out(4, 0x23);
    out(2, 0x59);
    out(0, 0x59);
    out(B, 0x02);
    assertThat(time()).isEqualTo("1999-12-31 23:59:59 day 6");
    clock.advance(SECOND);
    assertThat(time()).isEqualTo("2000-01-01 00:00:00 day 7");
  }

  @Test
  void shouldAnnounceAnUpdateJustBeforeTheSecondChanges() {
    assertThat(in(A)).isEqualTo(0x26);
    clock.advance(899 * MILLI);
    assertThat(in(A)).isEqualTo(0xa6);
    clock.advance(MILLI);
    assertThat(in(A)).isEqualTo(0x26);
  }

  @Test
  void shouldInterruptEachSecondWhenUpdatesAreEnabled() {
    out(B, 0x12);
    clock.advance(899 * MILLI);
    assertThat(irq.active()).isFalse();
    clock.advance(MILLI);
    assertThat(irq.active()).isTrue();
    assertThat(in(C)).isEqualTo(0x90 | periodicFlag());
    assertThat(irq.active()).isFalse();
    assertThat(in(C)).isZero();
    for (int i = 0; i < 10; i++) {
      clock.advance(SECOND);
      in(C);
    }
    assertThat(irq.edges()).isEqualTo(11);
    out(B, 0x02);
    assertThat(clock.isArmed()).isFalse();
  }

  /** The periodic flag is set with or without its interrupt, at 1024 Hz from the start. */
  private static int periodicFlag() {
    return 0x40;
  }

  @Test
  void shouldInterruptWhenTheAlarmIsDue() {
    out(5, 0x00);
    out(3, 0x01);
    out(1, 0x30);
    out(B, 0x22);
    clock.advance(91 * SECOND);
    assertThat(irq.active()).isFalse();
    clock.advance(SECOND);
    assertThat(irq.active()).isTrue();
    assertThat(time()).isEqualTo("2024-03-01 00:01:30 day 6");
    assertThat(in(C) & 0xa0).isEqualTo(0xa0);
    clock.advance(3600 * SECOND);
    assertThat(in(C) & 0x20).isZero();
    out(5, 0xff);
    clock.advance(3600 * SECOND);
    assertThat(in(C) & 0xa0).isEqualTo(0xa0);
    assertThat(irq.edges()).isEqualTo(2);
  }

  @Test
  void shouldTickAtTheChosenRateWhenThePeriodicInterruptIsEnabled() {
    out(A, 0x29); // 128 Hz.
    out(B, 0x42);
    in(C);
    int before = irq.edges();
    for (int i = 0; i < 1000; i++) {
      clock.advance(MILLI);
      if (irq.active()) {
        assertThat(in(C) & 0xc0).isEqualTo(0xc0);
      }
    }
    assertThat(irq.edges() - before).isBetween(127, 129);
    clock.advance(SECOND);
    assertThat(irq.active()).isTrue();
    assertThat(clock.isArmed()).isFalse();
    in(C);
    assertThat(clock.isArmed()).isTrue();
    out(A, 0x20);
    in(C);
    clock.advance(SECOND);
    assertThat(irq.active()).isFalse();
  }

  @Test
  void shouldTellTheSizeOfMemory() {
    assertThat(in(0x15) | in(0x16) << 8).isEqualTo(640);
    assertThat(in(0x30) | in(0x31) << 8).isEqualTo(0xffff);
    assertThat(in(0x34) | in(0x35) << 8).isEqualTo((3 * 1024 - 16) * 16);
    assertThat(in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16).isEqualTo(5 * 1024 * 16);
  }

  @Test
  void shouldKeepTimeAndMemoryButNoInterruptWhenReset() {
    out(0x40, 0x5a);
    out(9, 0x30);
    out(B, 0x72);
    clock.advance(SECOND);
    assertThat(irq.active()).isTrue();
    rtc.reset();
    assertThat(irq.active()).isFalse();
    assertThat(in(B)).isEqualTo(0x02);
    assertThat(in(C)).isZero();
    assertThat(in(0x40)).isEqualTo(0x5a);
    assertThat(in(9)).isEqualTo(0x30);
    assertThat(clock.isArmed()).isFalse();
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    HostileAccesses.run(ports, 0xc305);
    SplittableRandom random = new SplittableRandom(0xc306);
    for (int i = 0; i < 50_000; i++) {
      out(random.nextInt(128), random.nextInt(256));
      in(random.nextInt(128));
      clock.advance(random.nextLong(SECOND));
    }
    rtc.reset();
    assertThat(irq.active()).isFalse();
  }
}
