package javelin.devices.legacy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import javelin.devices.HostileAccesses;
import javelin.devices.RecordingLine;
import javelin.devices.console.MemoryBackend;
import javelin.devices.console.SerialBackend;
import javelin.vmm.bus.IoSpace;
import org.junit.jupiter.api.Test;

class SerialPortTest {
  private static final int BASE = 0x3f8;
  private static final int DATA = 0;
  private static final int IER = 1;
  private static final int IIR = 2;
  private static final int FCR = 2;
  private static final int LCR = 3;
  private static final int MCR = 4;
  private static final int LSR = 5;
  private static final int MSR = 6;
  private static final int SCRATCH = 7;

  private final RecordingLine irq = new RecordingLine();
  private final MemoryBackend backend = new MemoryBackend();
  private final IoSpace ports = IoSpace.ports();
  private final SerialPort serial = new SerialPort(irq, backend);

  SerialPortTest() {
    serial.attach(ports, BASE);
  }

  private int in(int register) {
    return (int) ports.read(BASE + register, 1);
  }

  private void out(int register, int value) {
    ports.write(BASE + register, 1, value);
  }

  @Test
  void shouldSendBytesWhenTheGuestWrites() {
    for (byte b : "Hello\r\n".getBytes(StandardCharsets.US_ASCII)) {
      assertThat(in(LSR) & 0x60).isEqualTo(0x60);
      out(DATA, b);
    }
    assertThat(backend.text()).isEqualTo("Hello\r\n");
    assertThat(irq.edges()).isZero();
  }

  @Test
  void shouldLookLikeA16550aWhenLinuxProbes() {
    // drivers/tty/serial/8250/8250_port.c, autoconfig: what it writes and what it wants to read.
    out(IER, 0);
    assertThat(in(IER)).isZero();
    out(IER, 0x0f);
    assertThat(in(IER)).isEqualTo(0x0f);
    out(IER, 0);

    out(MCR, 0x10 | 0x0a);
    assertThat(in(MSR) & 0xf0).isEqualTo(0x90);
    out(MCR, 0);

    out(LCR, 0xbf);
    out(FCR, 0);
    out(LCR, 0);
    out(FCR, 1);
    assertThat(in(IIR) >> 6).isEqualTo(3);

    // No enhanced features register, no second bank, no 64-byte FIFO, no UUE bit.
    out(LCR, 0x80);
    assertThat(in(IIR)).isNotZero();
    out(LCR, 0xe0);
    assertThat(in(IIR) & 0x10).isZero();
    out(LCR, 0x80);
    out(FCR, 0x21);
    assertThat(in(IIR) & 0x20).isZero();
    out(LCR, 0);
    out(IER, 0x40);
    assertThat(in(IER)).isZero();
  }

  @Test
  void shouldRaiseTheTransmitterInterruptEachTimeLinuxEnablesIt() {
    // serial8250_THRE_test: enable, look, disable, enable again without having sent anything.
    out(IER, 2);
    assertThat(irq.active()).isTrue();
    assertThat(in(IIR)).isEqualTo(0x02);
    assertThat(irq.active()).isFalse();
    assertThat(in(IIR)).isEqualTo(0x01);
    out(IER, 0);
    out(IER, 2);
    assertThat(in(IIR)).isEqualTo(0x02);
  }

  @Test
  void shouldRaiseTheTransmitterInterruptWhenAByteIsSent() {
    out(IER, 2);
    in(IIR);
    out(DATA, 'x');
    assertThat(irq.active()).isTrue();
    assertThat(irq.edges()).isEqualTo(2);
    out(IER, 0);
    assertThat(irq.active()).isFalse();
  }

  @Test
  void shouldReportInterruptsByPriorityWhenAllArePending() {
    out(FCR, 1);
    out(IER, 0x0f);
    out(MCR, 0x10); // Loopback drops CTS, DSR and DCD: a modem status change.
    for (int i = 0; i < 17; i++) {
      out(DATA, i);
    }
    assertThat(in(IIR)).isEqualTo(0xc6);
    assertThat(in(LSR)).isEqualTo(0x63);
    assertThat(in(LSR)).isEqualTo(0x61);
    assertThat(in(IIR)).isEqualTo(0xc4);
    for (int i = 0; i < 16; i++) {
      assertThat(in(DATA)).isEqualTo(i);
    }
    assertThat(in(IIR)).isEqualTo(0xc2);
    assertThat(in(IIR)).isEqualTo(0xc0);
    assertThat(in(MSR)).isEqualTo(0x0b);
    assertThat(in(IIR)).isEqualTo(0xc1);
    assertThat(irq.active()).isFalse();
    assertThat(backend.text()).isEmpty();
  }

  @Test
  void shouldDistinguishTimeOutFromTriggerWhenTheFifoFills() {
    out(FCR, 0x81); // Trigger at 8.
    out(IER, 1);
    backend.type("1234567");
    assertThat(in(IIR)).isEqualTo(0xcc);
    backend.type("8");
    assertThat(in(IIR)).isEqualTo(0xc4);
    assertThat(in(DATA)).isEqualTo('1');
    assertThat(in(IIR)).isEqualTo(0xcc);
    for (int i = '2'; i <= '8'; i++) {
      assertThat(irq.active()).isTrue();
      assertThat(in(DATA)).isEqualTo(i);
    }
    assertThat(irq.active()).isFalse();
    assertThat(in(IIR)).isEqualTo(0xc1);
  }

  @Test
  void shouldHoldInputBackWhenTheReceiverIsFull() {
    out(FCR, 1);
    String text = "a line that is longer than the FIFO of the device";
    backend.type(text);
    StringBuilder received = new StringBuilder();
    while ((in(LSR) & 1) != 0) {
      received.append((char) in(DATA));
    }
    assertThat(received.toString()).isEqualTo(text);
    assertThat(in(LSR) & 2).isZero();
  }

  @Test
  void shouldKeepTheNewerByteWhenTheReceiverOverrunsWithoutFifo() {
    out(MCR, 0x10);
    out(DATA, 'a');
    out(DATA, 'b');
    assertThat(in(LSR) & 3).isEqualTo(3);
    assertThat(in(DATA)).isEqualTo('b');
    assertThat(in(LSR) & 3).isZero();
  }

  @Test
  void shouldReportModemLinesWhenLoopbackChangesThem() {
    assertThat(in(MSR)).isEqualTo(0xb0);
    out(MCR, 0x1f);
    assertThat(in(MSR)).isEqualTo(0xf0);
    out(MCR, 0x1b); // OUT1, looped to RI, ends: the trailing edge of the ring.
    assertThat(in(MSR)).isEqualTo(0xb4);
    assertThat(in(MSR)).isEqualTo(0xb0);
  }

  @Test
  void shouldKeepTheDivisorApartWhenTheLatchIsOpen() {
    out(LCR, 0x83);
    out(DATA, 0x34);
    out(IER, 0x12);
    assertThat(in(DATA)).isEqualTo(0x34);
    assertThat(in(IER)).isEqualTo(0x12);
    assertThat(ports.read(BASE, 2)).isEqualTo(0x1234);
    out(LCR, 3);
    assertThat(in(IER)).isZero();
    assertThat(backend.text()).isEmpty();
  }

  @Test
  void shouldTellTheGuestToWaitWhenTheBackEndIsFull() {
    class FullBackend implements SerialBackend {
      Port port = NO_PORT;
      int taken;

      @Override
      public void attach(Port newPort) {
        port = newPort;
      }

      @Override
      public boolean write(int value) {
        taken++;
        return false;
      }

      @Override
      public void inputWanted() {}

      @Override
      public void close() {}
    }
    FullBackend full = new FullBackend();
    SerialPort slow = new SerialPort(irq, full);
    slow.writeByte(IER, 2);
    slow.readByte(IIR);
    slow.writeByte(DATA, 'x');
    assertThat(full.taken).isEqualTo(1);
    assertThat(slow.readByte(LSR)).isZero();
    assertThat(irq.active()).isFalse();
    full.port.writable();
    assertThat(slow.readByte(LSR)).isEqualTo(0x60);
    assertThat(irq.active()).isTrue();
    assertThat(slow.readByte(IIR)).isEqualTo(0x02);
  }

  @Test
  void shouldReturnToPowerOnWhenReset() {
    out(LCR, 0x80);
    out(DATA, 1);
    out(LCR, 3);
    out(FCR, 0xc1);
    out(IER, 0x0f);
    out(MCR, 0x1f);
    out(DATA, 'x');
    out(SCRATCH, 0x5a);
    assertThat(irq.active()).isTrue();
    serial.reset();
    assertThat(irq.active()).isFalse();
    assertThat(ports.read(BASE + IER, 4)).isEqualTo(0x0000_0100);
    assertThat(in(LSR)).isEqualTo(0x60);
    assertThat(in(MSR)).isEqualTo(0xb0);
    assertThat(in(SCRATCH)).isZero();
    out(LCR, 0x80);
    assertThat(ports.read(BASE, 2)).isEqualTo(12);
  }

  @Test
  void shouldSurviveWhenTheGuestIsHostile() {
    backend.type("input".repeat(1000));
    HostileAccesses.run(ports, 0x5e71a1);
    serial.reset();
    assertThat(in(LSR) & 0x60).isEqualTo(0x60);
  }
}
