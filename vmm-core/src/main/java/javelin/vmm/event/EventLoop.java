package javelin.vmm.event;

import static org.agrona.BitUtil.SIZE_OF_INT;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that waits in epoll for eventfds, timers and byte streams and runs their handlers.
 *
 * <p>Handlers run on the loop's thread, one at a time, and must not block. {@link #watch}, {@link
 * #execute} and {@link Watch#close} may be called from any thread; a handler is not called any more
 * once {@code close} has returned on the loop's thread, and at most once more otherwise. A handler
 * that throws is logged and watched no longer; the loop goes on. Once the loop is closed, tasks are
 * dropped and watches may still be closed.
 *
 * <p>{@code struct epoll_event} is packed on x86-64 (uapi linux/eventpoll.h): u32 events, u64 data.
 */
public final class EventLoop implements AutoCloseable {
  /** Events as epoll gives them (uapi linux/eventpoll.h). */
  public static final int READABLE = 0x1;

  public static final int WRITABLE = 0x4;
  public static final int ERROR = 0x8;
  public static final int HANG_UP = 0x10;

  /** Beside others: each of them is told of once, until it comes anew (EPOLLET). */
  public static final int EDGE = 1 << 31;

  private static final int EPOLL_CLOEXEC = Linux.O_CLOEXEC;
  private static final int EPOLL_CTL_ADD = 1;
  private static final int EPOLL_CTL_DEL = 2;
  private static final int EPOLL_CTL_MOD = 3;
  private static final int EVENT_LENGTH = 12;
  private static final int BATCH = 32;
  private static final long JOIN_MILLIS = 5_000;

  /** What is called when a watched descriptor has something to say. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Called on the loop's thread.
     *
     * @param events the events that are there, a mask of the constants of {@link EventLoop}
     */
    void ready(int events);
  }

  /** A descriptor being watched. Closing it ends the watch and leaves the descriptor open. */
  public final class Watch implements AutoCloseable {
    private final Fd fd;
    private final Handler handler;
    private final int id;

    /** What epoll hands back: the id below, above it a number that no other watch ever has. */
    private final long key;

    private boolean closed;

    private Watch(Fd fd, Handler handler, int id, int serial) {
      this.fd = fd;
      this.handler = handler;
      this.id = id;
      key = (long) serial << Integer.SIZE | id;
    }

    /** Waits for other events from now on. */
    public void events(int events) {
      synchronized (watches) {
        if (!closed) {
          control(EPOLL_CTL_MOD, fd, events, key);
        }
      }
    }

    @Override
    public void close() {
      synchronized (watches) {
        if (!closed) {
          closed = true;
          watches.set(id, null);
          try {
            control(EPOLL_CTL_DEL, fd, 0, key);
          } catch (ErrnoException e) {
            // The kernel has forgotten the watch where the descriptor or the loop was closed first.
            if (!e.is(Errno.EBADF)) {
              throw e;
            }
          }
        }
      }
    }
  }

  private final Linux linux;
  private final Syscalls syscalls;
  private final Fd epoll;
  private final EventFd wakeUp;
  private final Thread thread;
  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  /** By id; guarded by itself. Ids of closed watches are used again. */
  private final List<Watch> watches = new ArrayList<>();

  /** Of the next watch; guarded by {@link #watches}. */
  private int nextSerial;

  /** For epoll_ctl; guarded by {@link #watches}. */
  private final UnsafeBuffer change = NativeMemory.allocate(EVENT_LENGTH);

  /** For the loop's thread only. */
  private final Deque<Runnable> nextTurn = new ArrayDeque<>();

  private final AtomicBoolean stopping = new AtomicBoolean();

  /** Written by the loop's thread. */
  private final AtomicLong handled = new AtomicLong();

  /** Starts a loop on a daemon thread called {@code name}. */
  public EventLoop(Linux linux, String name) {
    this.linux = linux;
    syscalls = linux.syscalls();
    epoll = linux.own(syscalls.epollCreate(EPOLL_CLOEXEC), "epoll_create1", "");
    EventFd signal = null;
    try {
      signal = linux.eventFd();
      wakeUp = signal;
      watch(wakeUp.fd(), READABLE, events -> runTasks());
    } catch (RuntimeException e) {
      CloseHelper.quietCloseAll(signal, epoll);
      throw e;
    }
    thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** The calls that the loop is made with. */
  public Linux linux() {
    return linux;
  }

  /**
   * Calls {@code handler} when {@code fd} has one of {@code events} (level-triggered).
   *
   * @throws ErrnoException EPERM for a regular file, which epoll does not take
   */
  public Watch watch(Fd fd, int events, Handler handler) {
    synchronized (watches) {
      int id = watches.indexOf(null);
      if (id < 0) {
        id = watches.size();
        watches.add(null);
      }
      Watch watch = new Watch(fd, handler, id, nextSerial++);
      control(EPOLL_CTL_ADD, fd, events, watch.key);
      watches.set(id, watch);
      return watch;
    }
  }

  private void control(int operation, Fd fd, int events, long key) {
    change.putInt(0, events);
    change.putLong(SIZE_OF_INT, key);
    Linux.check(
        syscalls.epollCtl(epoll.number(), operation, fd.number(), change.addressOffset()),
        "epoll_ctl",
        fd.subject());
  }

  /** A timer whose handler runs on this loop. */
  public Timer timer(Runnable handler) {
    return new Timer(this, handler);
  }

  /** Runs {@code task} on the loop's thread, soon. */
  public void execute(Runnable task) {
    tasks.add(task);
    try {
      wakeUp.signal();
    } catch (ErrnoException e) {
      if (!stopping.get()) {
        throw e;
      }
    }
  }

  /**
   * Runs {@code task} when all that is ready by now has had its turn, and before the loop waits. On
   * the loop's thread only; allocates nothing.
   */
  public void afterNextTurn(Runnable task) {
    nextTurn.add(task);
  }

  /** How often a handler of a watched descriptor has been called so far. Any thread may ask. */
  public long handled() {
    return handled.get();
  }

  /** Whether the caller is the loop's thread. */
  public boolean isLoopThread() {
    return Thread.currentThread() == thread;
  }

  private void runTasks() {
    wakeUp.drain();
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      run(task);
    }
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      log().error("A task of the event loop failed", e);
    }
  }

  private void run() {
    UnsafeBuffer events = NativeMemory.allocate(BATCH * EVENT_LENGTH);
    while (!stopping.get()) {
      int late = nextTurn.size();
      int count =
          syscalls.epollWait(epoll.number(), events.addressOffset(), BATCH, late > 0 ? 0 : -1);
      if (count < 0 && !Errno.EINTR.is(count) && !stopping.get()) {
        throw new ErrnoException("epoll_wait", "", -count);
      }
      for (int i = 0; i < count && !stopping.get(); i++) {
        dispatch(events.getInt(i * EVENT_LENGTH), events.getLong(i * EVENT_LENGTH + SIZE_OF_INT));
      }
      for (int i = 0; i < late && !stopping.get(); i++) {
        run(nextTurn.remove());
      }
    }
  }

  /** Looked up when there is something to say: what finds it costs a launch some milliseconds. */
  private static Logger log() {
    return LoggerFactory.getLogger(EventLoop.class);
  }

  private void dispatch(int events, long key) {
    Watch watch;
    synchronized (watches) {
      watch = watches.get((int) key);
    }
    if (watch == null || watch.key != key) {
      return; // Closed by an earlier handler of the same batch.
    }
    if (watch.fd != wakeUp.fd()) {
      handled.incrementAndGet();
    }
    try {
      watch.handler.ready(events);
    } catch (RuntimeException | Error e) {
      log().error("The handler of {} failed and is not called again", watch.fd, e);
      watch.close();
    }
  }

  /** Ends the thread. The watched descriptors stay open. */
  @Override
  public void close() {
    if (!stopping.compareAndSet(false, true)) {
      return;
    }
    wakeUp.signal();
    if (!isLoopThread()) {
      try {
        thread.join(JOIN_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    wakeUp.close();
    epoll.close();
  }
}
