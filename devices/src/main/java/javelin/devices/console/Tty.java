package javelin.devices.console;

import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Terminal requests (uapi asm-generic/ioctls.h). {@code struct termios} of the kernel: u32 iflag,
 * oflag, cflag, lflag, u8 line, u8 cc[19] (asm-generic/termbits.h).
 */
final class Tty {
  private static final long TCGETS = 0x5401;
  private static final long TCSETS = 0x5402;
  private static final long TIOCGPTN = 0x8004_5430L;
  private static final long TIOCSPTLCK = 0x4004_5431L;

  private static final long TIOCGWINSZ = 0x5413;

  /** struct winsize (asm-generic/termios.h): u16 rows, columns, and two that nobody uses. */
  private static final int WINSIZE_LENGTH = 8;

  private static final int COLUMNS_OFFSET = 2;

  private static final int TERMIOS_LENGTH = 36;
  private static final int IFLAG_OFFSET = 0;
  private static final int OFLAG_OFFSET = 4;
  private static final int LFLAG_OFFSET = 12;
  private static final int OPOST = 1;

  private Tty() {}

  static boolean isTerminal(Syscalls syscalls, int fd) {
    UnsafeBuffer termios = NativeMemory.allocate(TERMIOS_LENGTH);
    return syscalls.ioctl(fd, TCGETS, termios.addressOffset()) >= 0;
  }

  /** The size of the terminal {@code fd}; unknown where it is none. */
  static TerminalSize size(Syscalls syscalls, int fd) {
    UnsafeBuffer size = NativeMemory.allocate(WINSIZE_LENGTH);
    if (syscalls.ioctl(fd, TIOCGWINSZ, size.addressOffset()) < 0) {
      return TerminalSize.UNKNOWN;
    }
    return new TerminalSize(size.getShort(COLUMNS_OFFSET) & 0xffff, size.getShort(0) & 0xffff);
  }

  /** Bytes pass unchanged both ways: no echo, no line editing, no signals, no CR LF mapping. */
  static void makeRaw(Fd tty) {
    UnsafeBuffer termios = NativeMemory.allocate(TERMIOS_LENGTH);
    tty.ioctl("TCGETS", TCGETS, termios.addressOffset());
    termios.putInt(IFLAG_OFFSET, 0);
    termios.putInt(OFLAG_OFFSET, termios.getInt(OFLAG_OFFSET) & ~OPOST);
    termios.putInt(LFLAG_OFFSET, 0);
    tty.ioctl("TCSETS", TCSETS, termios.addressOffset());
  }

  /** Lets the other side of a new /dev/ptmx be opened; returns its number in /dev/pts. */
  static int unlockPty(Fd master) {
    UnsafeBuffer number = NativeMemory.allocate(Integer.BYTES);
    master.ioctl("TIOCSPTLCK", TIOCSPTLCK, number.addressOffset());
    master.ioctl("TIOCGPTN", TIOCGPTN, number.addressOffset());
    return number.getInt(0);
  }
}
