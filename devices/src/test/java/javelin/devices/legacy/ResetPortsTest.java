package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.HostileAccesses;
import javelin.devices.RecordingPower;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class ResetPortsTest {
  private final RecordingPower power = new RecordingPower();
  private final IoSpace ports = IoSpace.ports();

  @Test
  void shouldResetWhenTheCpuBitRises() {
    ResetControl control = new ResetControl(power);
    control.attach(ports, 0xcf9);
    ports.write(0xcf9, 1, 0x02);
    assertThat(power.requests()).isEmpty();
    assertThat(ports.read(0xcf9, 1)).isEqualTo(0x02);
    ports.write(0xcf9, 1, 0x0e);
    assertThat(power.requests()).hasSize(1);
    ports.write(0xcf9, 1, 0x06);
    assertThat(power.requests()).hasSize(1);
    control.reset();
    assertThat(ports.read(0xcf9, 1)).isZero();
    ports.write(0xcf9, 1, ResetControl.RESET_VALUE);
    assertThat(power.requests()).hasSize(2);
  }

  @Test
  void shouldResetWhenTheFastResetBitRises() {
    SystemControlPort control = new SystemControlPort(power);
    control.attach(ports, 0x92);
    assertThat(ports.read(0x92, 1)).isEqualTo(2);
    ports.write(0x92, 1, 0);
    assertThat(power.requests()).isEmpty();
    ports.write(0x92, 1, 3);
    assertThat(power.requests()).containsExactly("reset");
    control.reset();
    assertThat(ports.read(0x92, 1)).isEqualTo(2);
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    new ResetControl(power).attach(ports, 0xcf9);
    new SystemControlPort(power).attach(ports, 0x92);
    HostileAccesses.run(ports, 0xcf9);
    assertThat(power.requests()).isNotEmpty();
  }
}
