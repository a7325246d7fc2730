package javelin.devices.console;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Timer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A listening Unix socket, such as {@code socat - UNIX-CONNECT:vm.sock} talks to.
 *
 * <p>One client at a time; a second one is turned away with a line of text. While there is none the
 * last 64 KiB of output are kept for the next. A socket file that a dead process left is replaced;
 * at close the file is removed, if it is still this one's.
 *
 * <p>{@code struct sockaddr_un} (uapi linux/un.h): u16 family, char path[108].
 */
public final class SocketBackend extends DescriptorBackend {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_FLAGS = Linux.O_NONBLOCK | Linux.O_CLOEXEC;
  private static final int SUN_PATH_OFFSET = 2;
  private static final int SUN_PATH_LENGTH = 108;
  private static final int BACKLOG = 4;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final int FILE_TYPE_MASK = 0170000;
  private static final int SOCKET_TYPE = 0140000;
  private static final byte[] BUSY =
      "Another client is connected to this console.\r\n".getBytes(StandardCharsets.US_ASCII);

  private final Linux linux;
  private final String path;
  private final Fd listener;
  private final Object fileKey;
  private final EventLoop.Watch watch;
  private final Timer retry;
  private Fd client;

  /**
   * Listens at {@code path}.
   *
   * @throws BackendException where the path is in use, too long, or taken by another file
   */
  public SocketBackend(EventLoop loop, String path) {
    super(loop, null, false);
    this.path = path;
    linux = loop.linux();
    Fd newListener = null;
    Timer newRetry = null;
    Object key = null;
    try {
      UnsafeBuffer address = address();
      newListener = socket();
      listener = newListener;
      bind(address);
      key = fileKey();
      fileKey = key;
      Linux.check(linux.syscalls().listen(listener.number(), BACKLOG), "listen", path);
      newRetry = loop.timer(this::acceptAgain);
      retry = newRetry;
      watch = loop.watch(listener, EventLoop.READABLE, events -> accept());
    } catch (RuntimeException e) {
      CloseHelper.quietCloseAll(newRetry, pump(), newListener);
      if (key != null) {
        linux.syscalls().unlink(path);
      }
      throw e;
    }
  }

  private UnsafeBuffer address() {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    if (name.length >= SUN_PATH_LENGTH || name.length == 0) {
      throw new BackendException(
          "serial socket "
              + path
              + ": the path must have 1 to "
              + (SUN_PATH_LENGTH - 1)
              + " bytes, it has "
              + name.length);
    }
    UnsafeBuffer address = NativeMemory.allocate(SUN_PATH_OFFSET + SUN_PATH_LENGTH);
    address.putShort(0, (short) AF_UNIX);
    address.putBytes(SUN_PATH_OFFSET, name);
    return address;
  }

  private Fd socket() {
    return linux.own(linux.syscalls().socket(AF_UNIX, SOCK_STREAM | SOCK_FLAGS, 0), "socket", path);
  }

  private void bind(UnsafeBuffer address) {
    Syscalls syscalls = linux.syscalls();
    int result = syscalls.bind(listener.number(), address.addressOffset(), address.capacity());
    if (Errno.EADDRINUSE.is(result)) {
      removeStale(address);
      result = syscalls.bind(listener.number(), address.addressOffset(), address.capacity());
    }
    if (result < 0) {
      throw new BackendException(
          "serial socket " + path + " cannot be made: " + Errno.describe(-result));
    }
  }

  /** Nobody listens at the socket file of a process that died: connecting is refused. */
  private void removeStale(UnsafeBuffer address) {
    if (!isSocket()) {
      throw new BackendException(
          "serial socket " + path + ": a file that is no socket is there; choose another path");
    }
    int result;
    try (Fd probe = socket()) {
      result =
          linux.syscalls().connect(probe.number(), address.addressOffset(), address.capacity());
    }
    if (!Errno.ECONNREFUSED.is(result)) {
      throw new BackendException(
          "serial socket "
              + path
              + " is in use by another process; choose another path, or end that process");
    }
    linux.syscalls().unlink(path);
  }

  private boolean isSocket() {
    try {
      Object mode = Files.getAttribute(Path.of(path), "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return ((Integer) mode & FILE_TYPE_MASK) == SOCKET_TYPE;
    } catch (IOException e) {
      return false;
    }
  }

  /** The device and inode of the socket file, or null where there is none. */
  private Object fileKey() {
    try {
      return Files.getAttribute(Path.of(path), "unix:fileKey", LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      return null;
    }
  }

  private void accept() {
    Syscalls syscalls = linux.syscalls();
    int accepted = syscalls.accept(listener.number(), SOCK_FLAGS);
    if (accepted < 0) {
      // The client is gone again, or there is no descriptor for it: then it goes on waiting, and so
      // the loop is not to look at it all the time.
      watch.events(0);
      retry.armAfter(RETRY_NANOS);
      return;
    }
    Fd newClient = linux.own(accepted, "accept", path);
    if (client != null && !pump().hungUp()) {
      UnsafeBuffer busy = NativeMemory.allocate(BUSY.length);
      busy.putBytes(0, BUSY);
      syscalls.write(newClient.number(), busy.addressOffset(), BUSY.length);
      newClient.close();
      return;
    }
    dropClient();
    client = newClient;
    pump().connect(client, client, true);
  }

  private void acceptAgain() {
    watch.events(EventLoop.READABLE);
  }

  private void dropClient() {
    pump().disconnect();
    CloseHelper.close(client);
    client = null;
  }

  @Override
  public void inputEnded(int errno) {
    dropClient();
  }

  @Override
  public void outputFailed(int errno) {
    dropClient();
  }

  @Override
  public void close() {
    pump()
        .close(
            () -> {
              watch.close();
              CloseHelper.closeAll(retry, client, listener);
              if (fileKey != null && fileKey.equals(fileKey())) {
                linux.syscalls().unlink(path);
              }
            });
  }
}
