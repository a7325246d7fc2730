package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.HostileAccesses;
import javelin.devices.RecordingLine;
import javelin.devices.RecordingPower;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class DebugPortsTest {
  private final RecordingPower power = new RecordingPower();
  private final IoSpace ports = IoSpace.ports();
  private final IoSpace mmio = IoSpace.mmio();

  @Test
  void shouldEndWithAnOddCodeWhenTheGuestWritesItsOwn() {
    new DebugExit(power).attach(ports, 0xf4);
    ports.write(0xf4, 1, 0);
    ports.write(0xf4, 4, 3);
    ports.write(0xf4, 4, 0xffff_ffffL);
    assertThat(power.requests()).containsExactly("exit 1", "exit 7", "exit 255");
    assertThat(ports.read(0xf4, 1)).isZero();
  }

  @Test
  void shouldRememberTheLastCodesWhenMoreAreWritten() {
    PostPort post = new PostPort();
    post.attach(ports, 0x80);
    assertThat(post.lastCodes()).isEmpty();
    for (int i = 0; i < 20; i++) {
      ports.write(0x80, 1, i);
    }
    assertThat(ports.read(0x80, 1)).isEqualTo(19);
    assertThat(post.lastCodes())
        .containsExactly(4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
    post.reset();
    assertThat(post.lastCodes()).isEmpty();
  }

  @Test
  void shouldPrintWhenTheGuestWritesToTheDebugConsole() {
    MemoryBackend backend = new MemoryBackend();
    new DebugConsole(backend).attach(ports, 0xe9);
    assertThat(ports.read(0xe9, 1)).isEqualTo(0xe9);
    ports.write(0xe9, 1, 'A');
    assertThat(backend.text()).isEqualTo("A");
  }

  private RecordingLine[] attachTestDevice() {
    RecordingLine[] lines = new RecordingLine[24];
    PcTestDevice device =
        new PcTestDevice(
            gsi -> {
              lines[gsi] = new RecordingLine();
              return lines[gsi];
            });
    device.attach(ports, mmio);
    return lines;
  }

  @Test
  void shouldStoreInEveryWidthWhenTestsUseTheirRegister() {
    attachTestDevice();
    ports.write(0xe0, 4, 0x12345678);
    assertThat(ports.read(0xe0, 4)).isEqualTo(0x12345678);
    assertThat(ports.read(0xe2, 2)).isEqualTo(0x1234);
    ports.write(0xe1, 1, 0xff);
    assertThat(ports.read(0xe8, 4)).isEqualTo(0x1234ff78);
    ports.write(0xe4, 4, 0x1000);
    assertThat(ports.read(0xe0, 4)).isEqualTo(0x1234ff78);
  }

  @Test
  void shouldDriveInterruptLinesWhenTestsWriteLevels() {
    RecordingLine[] lines = attachTestDevice();
    ports.write(0x200e, 1, 1);
    assertThat(lines[14].active()).isTrue();
    assertThat(lines[15].active()).isFalse();
    ports.write(0x200e, 1, 0);
    assertThat(lines[14].active()).isFalse();
    ports.write(0x2017, 1, 1);
    assertThat(lines[23].active()).isTrue();
  }

  @Test
  void shouldStoreInEveryWidthWhenTestsUseTheirMemory() {
    attachTestDevice();
    mmio.write(0xff00_0001L, 8, 0x8877665544332211L);
    assertThat(mmio.read(0xff00_0001L, 8)).isEqualTo(0x8877665544332211L);
    assertThat(mmio.read(0xff00_0003L, 2)).isEqualTo(0x4433);
    assertThat(mmio.read(0xff00_fff8L, 8)).isZero();
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    new DebugExit(power).attach(ports, 0xf4);
    new PostPort().attach(ports, 0x80);
    RecordingLine[] lines = attachTestDevice();
    HostileAccesses.run(ports, 0xdeb);
    HostileAccesses.run(mmio, 0xdec);
    assertThat(power.requests()).isNotEmpty();
    assertThat(lines[0].edges()).isPositive();
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    RecordingLine line = new RecordingLine();
    PcTestDevice device = new PcTestDevice(gsi -> line);
    device.attach(ports, mmio);
    ports.write(0xe0, 4, -1);
    ports.write(0x2000, 1, 1);
    mmio.write(0xff00_0000L, 8, -1);
    device.reset();
    assertThat(ports.read(0xe0, 4)).isZero();
    assertThat(line.active()).isFalse();
    assertThat(mmio.read(0xff00_0000L, 8)).isZero();
  }
}
