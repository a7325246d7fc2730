package javelin.boot.cli;

import java.util.concurrent.atomic.AtomicBoolean;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A terminal in raw mode: each key goes to the guest as it is typed, Ctrl-C too. Closing it brings
 * the old settings back; a shutdown hook does so where nobody came to close it.
 *
 * <pre>
 *  struct termios (uapi asm-generic/termbits.h)
 *   0        4        8        12       16     17
 *  +--------+--------+--------+--------+------+-----------+
 *  |c_iflag |c_oflag |c_cflag |c_lflag |c_line| c_cc[19]  |
 *  +--------+--------+--------+--------+------+-----------+
 * </pre>
 */
public final class RawTerminal implements AutoCloseable {
  static final long TCGETS = 0x5401;
  static final long TCSETS = 0x5402;
  static final int TERMIOS_LENGTH = 36;

  private static final int IFLAG_OFFSET = 0;
  private static final int LFLAG_OFFSET = 12;
  private static final int CC_OFFSET = 17;

  private static final int VTIME = 5;
  private static final int VMIN = 6;

  /** IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL, IXON. */
  private static final int IFLAG_COOKED = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400;

  /** ISIG, ICANON, ECHO, ECHONL, IEXTEN. Output stays cooked: Javelin writes lines there too. */
  private static final int LFLAG_COOKED = 0x1 | 0x2 | 0x8 | 0x40 | 0x8000;

  private final Linux linux;
  private final int fd;
  private final UnsafeBuffer saved;
  private final Thread hook = new Thread(this::restore, "restore-terminal");
  private final AtomicBoolean raw = new AtomicBoolean(true);

  private RawTerminal(Linux linux, int fd, UnsafeBuffer saved) {
    this.linux = linux;
    this.fd = fd;
    this.saved = saved;
  }

  /** Whether descriptor {@code fd} is a terminal. */
  public static boolean isTerminal(Linux linux, int fd) {
    UnsafeBuffer termios = NativeMemory.allocate(TERMIOS_LENGTH);
    return linux.syscalls().ioctl(fd, TCGETS, termios.addressOffset()) >= 0;
  }

  /**
   * Puts the terminal behind {@code fd} into raw mode.
   *
   * @throws javelin.vmm.linux.ErrnoException where it is none
   */
  static RawTerminal open(Linux linux, int fd) {
    UnsafeBuffer saved = NativeMemory.allocate(TERMIOS_LENGTH);
    Linux.check(linux.syscalls().ioctl(fd, TCGETS, saved.addressOffset()), "TCGETS", "terminal");
    RawTerminal terminal = new RawTerminal(linux, fd, saved);
    Runtime.getRuntime().addShutdownHook(terminal.hook);
    UnsafeBuffer termios = NativeMemory.allocate(TERMIOS_LENGTH);
    termios.putBytes(0, saved, 0, TERMIOS_LENGTH);
    termios.putInt(IFLAG_OFFSET, termios.getInt(IFLAG_OFFSET) & ~IFLAG_COOKED);
    termios.putInt(LFLAG_OFFSET, termios.getInt(LFLAG_OFFSET) & ~LFLAG_COOKED);
    termios.putByte(CC_OFFSET + VMIN, (byte) 1);
    termios.putByte(CC_OFFSET + VTIME, (byte) 0);
    try {
      Linux.check(
          linux.syscalls().ioctl(fd, TCSETS, termios.addressOffset()), "TCSETS", "terminal");
    } catch (RuntimeException e) {
      terminal.close();
      throw e;
    }
    return terminal;
  }

  private void restore() {
    if (raw.compareAndSet(true, false)) {
      // Nothing can be done where it fails: the terminal is gone.
      linux.syscalls().ioctl(fd, TCSETS, saved.addressOffset());
    }
  }

  @Override
  public void close() {
    restore();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending; the hook has run or will find nothing to do.
    }
  }
}
