package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import javelin.devices.console.PtyBackend;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RawTerminalTest {
  private static final int LFLAG = 12;
  private static final int ICANON = 0x2;
  private static final int ECHO = 0x8;
  private static final int OPOST = 0x1;

  private final Linux linux = Linux.system();

  private byte[] settings(Fd terminal) {
    UnsafeBuffer termios = NativeMemory.allocate(RawTerminal.TERMIOS_LENGTH);
    terminal.ioctl("TCGETS", RawTerminal.TCGETS, termios.addressOffset());
    byte[] bytes = new byte[RawTerminal.TERMIOS_LENGTH];
    termios.getBytes(0, bytes);
    return bytes;
  }

  /** Line editing, echo and output processing on, as a shell leaves a terminal. */
  private void cook(Fd terminal) {
    UnsafeBuffer termios = NativeMemory.allocate(RawTerminal.TERMIOS_LENGTH);
    termios.putBytes(0, settings(terminal));
    termios.putInt(4, termios.getInt(4) | OPOST);
    termios.putInt(LFLAG, termios.getInt(LFLAG) | ICANON | ECHO);
    terminal.ioctl("TCSETS", RawTerminal.TCSETS, termios.addressOffset());
  }

  @Test
  void shouldBringSettingsBackWhenClosedEvenTwice() {
    try (EventLoop loop = new EventLoop(linux, "test");
        PtyBackend pty = new PtyBackend(loop);
        Fd terminal = linux.open(pty.name(), Linux.O_RDWR | Linux.O_NOCTTY)) {
      cook(terminal);
      byte[] before = settings(terminal);

      RawTerminal raw = RawTerminal.open(linux, terminal.number());
      byte[] during = settings(terminal);
      raw.close();
      byte[] after = settings(terminal);
      cook(terminal);
      raw.close();

      assertThat(during[LFLAG] & (ICANON | ECHO)).isZero();
      assertThat(during[4] & OPOST).isEqualTo(OPOST);
      assertThat(after).isEqualTo(before);
      assertThat(settings(terminal)).isEqualTo(before);
    }
  }

  @Test
  void shouldSayNoWhenDescriptorIsNoTerminal() {
    try (Fd none = linux.open("/dev/null", Linux.O_RDWR)) {
      assertThat(RawTerminal.isTerminal(linux, none.number())).isFalse();
    }
  }

  @Test
  void shouldBringSettingsBackWhenRawModeIsRefused() {
    try (FakeSyscalls fake = new FakeSyscalls()) {
      byte[] set = new byte[2];
      fake.onIoctl(RawTerminal.TCGETS, (fd, argument) -> 0);
      fake.onIoctl(RawTerminal.TCSETS, (fd, argument) -> set[0]++ == 0 ? -Errno.EIO.number() : 0);

      assertThatThrownBy(() -> RawTerminal.open(new Linux(fake), fake.openFd("terminal")))
          .isInstanceOf(ErrnoException.class)
          .hasMessage("TCSETS terminal: EIO (input/output error)");
      assertThat(Arrays.copyOf(set, 1)).containsExactly(2);
    }
  }
}
