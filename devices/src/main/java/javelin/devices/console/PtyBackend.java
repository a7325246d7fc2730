package javelin.devices.console;

import java.util.concurrent.TimeUnit;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import org.agrona.CloseHelper;

/**
 * A pseudo-terminal that a terminal program opens, such as {@code screen /dev/pts/4}.
 *
 * <p>Clients come and go. While there is none the last 64 KiB of output are kept for the next. The
 * kernel tells of one that goes (EIO on the master), not of one that comes, so that is looked for
 * every 100 ms.
 */
public final class PtyBackend extends DescriptorBackend {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Fd master;
  private final String name;
  private final Timer look;

  /**
   * Opens a pair.
   *
   * @throws javelin.vmm.linux.ErrnoException where the system has none
   */
  public PtyBackend(EventLoop loop) {
    super(loop, null, false);
    Linux linux = loop.linux();
    Fd newMaster = null;
    try {
      newMaster = linux.open("/dev/ptmx", Linux.O_RDWR | Linux.O_NOCTTY | Linux.O_NONBLOCK);
      master = newMaster;
      name = "/dev/pts/" + Tty.unlockPty(master);
      Tty.makeRaw(master);
      // The master gives EIO only after a first client has come and gone; let that be this one.
      linux.open(name, Linux.O_RDWR | Linux.O_NOCTTY).close();
      look = loop.timer(this::look);
    } catch (RuntimeException e) {
      CloseHelper.quietCloseAll(pump(), newMaster);
      throw e;
    }
    loop.execute(this::look);
  }

  /** The path to open, such as {@code "/dev/pts/4"}. */
  public String name() {
    return name;
  }

  private void look() {
    if (pump().canRead()) {
      pump().connect(master, master, true);
    }
    if (!pump().isConnected()) {
      look.armAfter(LOOK_NANOS);
    }
  }

  @Override
  public void inputEnded(int errno) {
    pump().disconnect();
    look.armAfter(LOOK_NANOS);
  }

  @Override
  public void outputFailed(int errno) {
    inputEnded(errno);
  }

  @Override
  public void close() {
    pump().close(() -> CloseHelper.closeAll(look, master));
  }
}
