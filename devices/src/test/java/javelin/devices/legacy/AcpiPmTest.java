package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import javelin.devices.HostileAccesses;
import javelin.devices.RecordingLine;
import javelin.devices.RecordingPower;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class AcpiPmTest {
  private static final int STATUS = 0x600;
  private static final int ENABLE = 0x602;
  private static final int CONTROL = 0x604;
  private static final int TIMER = 0x608;
  private static final int GPE0 = 0x620;
  private static final int POWER_BUTTON = 0x100;

  private final RecordingLine sci = new RecordingLine();
  private final RecordingPower power = new RecordingPower();
  private final FakeClock clock = new FakeClock(0);
  private final AcpiPm pm = new AcpiPm(sci, power, clock);
  private final IoSpace ports = IoSpace.ports();

  AcpiPmTest() {
    pm.attach(ports, STATUS, CONTROL, TIMER, GPE0);
  }

  @Test
  void shouldPowerOffWhenTheGuestEntersS5() {
    ports.write(CONTROL, 2, 5 << 10);
    assertThat(power.requests()).isEmpty();
    ports.write(CONTROL, 2, 5 << 10 | 1 << 13);
    assertThat(power.requests()).containsExactly("off");
    assertThat(ports.read(CONTROL, 2)).isEqualTo(5 << 10 | 1);
  }

  @Test
  void shouldIgnoreSleepStatesThatItDoesNotHave() {
    for (int type = 0; type < 8; type++) {
      if (type != AcpiPm.SLEEP_TYPE_S5) {
        ports.write(CONTROL, 2, type << 10 | 1 << 13);
      }
    }
    assertThat(power.requests()).isEmpty();
  }

  @Test
  void shouldAlwaysBeInAcpiMode() {
    ports.write(CONTROL, 2, 0);
    assertThat(ports.read(CONTROL, 2)).isEqualTo(1);
  }

  @Test
  void shouldRaiseTheSciWhenThePowerButtonIsPressed() {
    assertThat(pm.pressPowerButton()).isFalse();
    assertThat(sci.active()).isFalse();
    ports.write(ENABLE, 2, POWER_BUTTON);
    assertThat(sci.active()).isTrue();
    assertThat(ports.read(STATUS, 2)).isEqualTo(POWER_BUTTON);
    ports.write(STATUS, 2, POWER_BUTTON);
    assertThat(sci.active()).isFalse();
    assertThat(ports.read(STATUS, 2)).isZero();
    assertThat(pm.pressPowerButton()).isTrue();
    assertThat(sci.active()).isTrue();
  }

  @Test
  void shouldCountAtTheRateOfThePmTimer() {
    long start = ports.read(TIMER, 4);
    clock.advance(TimeUnit.SECONDS.toNanos(1));
    assertThat(ports.read(TIMER, 4) - start).isEqualTo(3_579_545);
    clock.advance(TimeUnit.DAYS.toNanos(365));
    long expected = (365L * 86_400 + 1) * 3_579_545;
    assertThat(ports.read(TIMER, 4)).isEqualTo(expected & 0xffff_ffffL);
    assertThat(ports.read(TIMER + 2, 2) & 0xffff).isEqualTo(expected >>> 16 & 0xffff);
  }

  @Test
  void shouldInterruptWhenTheTimersHighBitChanges() {
    ports.write(ENABLE, 2, 1);
    long halfPeriod = (1L << 31) * 1_000_000_000L / 3_579_545;
    clock.advance(halfPeriod - 1_000_000);
    assertThat(sci.active()).isFalse();
    clock.advance(2_000_000);
    assertThat(sci.active()).isTrue();
    assertThat(ports.read(STATUS, 2)).isEqualTo(1);
    ports.write(STATUS, 2, 1);
    assertThat(sci.active()).isFalse();
    clock.advance(halfPeriod);
    assertThat(sci.active()).isTrue();
    ports.write(ENABLE, 2, 0);
    assertThat(clock.isArmed()).isFalse();
  }

  @Test
  void shouldRaiseTheSciWhenAnEnabledGeneralPurposeEventHappens() {
    pm.raiseEvent(9);
    assertThat(sci.active()).isFalse();
    assertThat(ports.read(GPE0, 4)).isEqualTo(0x200);
    ports.write(GPE0 + 5, 1, 2);
    assertThat(sci.active()).isTrue();
    ports.write(GPE0, 4, 0x1ff);
    assertThat(sci.active()).isTrue();
    ports.write(GPE0 + 1, 1, 2);
    assertThat(sci.active()).isFalse();
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    ports.write(ENABLE, 2, POWER_BUTTON);
    ports.write(CONTROL, 2, 7 << 10);
    ports.write(GPE0 + 4, 4, -1);
    pm.raiseEvent(31);
    pm.pressPowerButton();
    pm.reset();
    assertThat(sci.active()).isFalse();
    assertThat(ports.read(STATUS, 4)).isZero();
    assertThat(ports.read(CONTROL, 2)).isEqualTo(1);
    assertThat(ports.read(GPE0, 8)).isZero();
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    HostileAccesses.run(ports, 0xac91);
    pm.reset();
    assertThat(ports.read(STATUS, 4)).isZero();
  }
}
