package javelin.vmm.event;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;
import javelin.vmm.linux.UnixSocket;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A listening Unix socket: each client that connects is handed on, on the loop's thread.
 *
 * <p>A socket file that a dead process left is replaced; at close the file is removed, if it is
 * still this one's.
 */
public final class UnixListener implements AutoCloseable {
  private static final int BACKLOG = 16;
  private static final int CLIENT_FLAGS = Linux.O_NONBLOCK | Linux.O_CLOEXEC;
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final int FILE_TYPE_MASK = 0170000;
  private static final int SOCKET_TYPE = 0140000;

  private final Linux linux;
  private final String path;
  private final Consumer<Fd> clients;
  private final Fd listener;
  private final Object fileKey;
  private final EventLoop.Watch watch;
  private final Timer retry;

  /**
   * Listens at {@code path}.
   *
   * @param clients takes the connection to each client, which has O_NONBLOCK set, and closes it
   * @throws ListenException where the path is in use, too long, or taken by another file
   */
  public UnixListener(EventLoop loop, String path, Consumer<Fd> clients) {
    this.path = path;
    this.clients = clients;
    linux = loop.linux();
    Fd newListener = null;
    Timer newRetry = null;
    Object key = null;
    try {
      UnsafeBuffer address = address();
      newListener = UnixSocket.open(linux, path);
      listener = newListener;
      bind(address);
      key = fileKey();
      fileKey = key;
      Linux.check(linux.syscalls().listen(listener.number(), BACKLOG), "listen", path);
      newRetry = loop.timer(this::acceptAgain);
      retry = newRetry;
      watch = loop.watch(listener, EventLoop.READABLE, events -> accept());
    } catch (RuntimeException e) {
      CloseHelper.quietCloseAll(newRetry, newListener);
      if (key != null) {
        linux.syscalls().unlink(path);
      }
      throw e;
    }
  }

  private UnsafeBuffer address() {
    try {
      return UnixSocket.address(path);
    } catch (IllegalArgumentException e) {
      throw new ListenException("socket " + path + ": " + e.getMessage());
    }
  }

  private void bind(UnsafeBuffer address) {
    Syscalls syscalls = linux.syscalls();
    int result = syscalls.bind(listener.number(), address.addressOffset(), address.capacity());
    if (Errno.EADDRINUSE.is(result)) {
      removeStale(address);
      result = syscalls.bind(listener.number(), address.addressOffset(), address.capacity());
    }
    if (result < 0) {
      throw new ListenException("socket " + path + " cannot be made: " + Errno.describe(-result));
    }
  }

  /** Nobody listens at the socket file of a process that died: connecting is refused. */
  private void removeStale(UnsafeBuffer address) {
    if (!isSocket()) {
      throw new ListenException(
          "socket " + path + ": a file that is no socket is there; choose another path");
    }
    int result;
    try (Fd probe = UnixSocket.open(linux, path)) {
      result =
          linux.syscalls().connect(probe.number(), address.addressOffset(), address.capacity());
    }
    if (!Errno.ECONNREFUSED.is(result)) {
      throw new ListenException(
          "socket "
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
    int accepted = linux.syscalls().accept(listener.number(), CLIENT_FLAGS);
    if (Errno.EBADF.is(accepted)) {
      return; // Closed on another thread.
    }
    if (accepted < 0) {
      // The client is gone again, or there is no descriptor for it: then it goes on waiting, and so
      // the loop is not to look at it all the time.
      watch.events(0);
      retry.armAfter(RETRY_NANOS);
      return;
    }
    clients.accept(linux.own(accepted, "accept", path));
  }

  private void acceptAgain() {
    watch.events(EventLoop.READABLE);
  }

  /** Listens no longer; the clients' connections stay. */
  @Override
  public void close() {
    watch.close();
    CloseHelper.closeAll(retry, listener);
    if (fileKey != null && fileKey.equals(fileKey())) {
      linux.syscalls().unlink(path);
    }
  }
}
