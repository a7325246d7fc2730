package javelin.devices.console;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.Interest;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Moves bytes between a device and descriptors on the event loop: what the back ends that are made
 * of descriptors share.
 *
 * <p>{@link #write}, {@link #inputWanted} and {@link #close} may be called on any thread; all else
 * runs on the loop's thread, which owns the state that no lock guards.
 */
final class BytePump implements AutoCloseable {
  /** Told, on the loop's thread, how the descriptors fare; decides what that means. */
  interface Owner {
    /** No more input will come from the descriptor: its end, or {@code errno} where not 0. */
    void inputEnded(int errno);

    /** The descriptor takes no more output. */
    void outputFailed(int errno);
  }

  private static final int INPUT_LENGTH = 4096;

  /** A blocking descriptor that polls as writable takes so much without blocking. */
  private static final int GUARDED_CHUNK = 256;

  /** Writes before other handlers of the loop have their turn. */
  private static final int WRITES_PER_TURN = 16;

  private static final long CLOSE_MILLIS = 1_000;

  private final EventLoop loop;
  private final Syscalls syscalls;
  private final Owner owner;
  private final InputFilter filter;
  private final boolean readAlways;
  private final OutputQueue queue = new OutputQueue();
  private final EventFd kick;
  private final EventLoop.Watch kickWatch;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile SerialBackend.Port port = SerialBackend.NO_PORT;

  /** Whether the device has had no room for input that is here. */
  private volatile boolean inputWaiting;

  // The loop's own.
  private final UnsafeBuffer scratch = NativeMemory.allocate(INPUT_LENGTH);
  private final byte[] input = new byte[INPUT_LENGTH];
  private int inputStart;
  private int inputEnd;
  private boolean inputPaused;
  private boolean hungUp;
  private boolean waitingToWrite;
  private boolean guardWrites;
  private Interest in;
  private Interest out;

  /**
   * A pump without descriptors: output is held.
   *
   * @param filter sees all input; null where there is none
   * @param readAlways whether input is read even while the guest takes none, and lost beyond 4 KiB,
   *     so that the filter's keys always work
   */
  BytePump(EventLoop loop, Owner owner, InputFilter filter, boolean readAlways) {
    this.loop = loop;
    this.owner = owner;
    this.filter = filter;
    this.readAlways = readAlways;
    syscalls = loop.linux().syscalls();
    kick = loop.linux().eventFd();
    try {
      kickWatch = loop.watch(kick.fd(), EventLoop.READABLE, events -> kicked());
    } catch (RuntimeException e) {
      kick.close();
      throw e;
    }
  }

  /** Connects the device. */
  void attach(SerialBackend.Port newPort) {
    port = newPort;
    kick.signal();
  }

  /** As {@link SerialBackend#write}. */
  boolean write(int value) {
    int result = queue.put(value);
    if ((result & OutputQueue.WAKE) != 0) {
      kick.signal();
    }
    return (result & OutputQueue.ROOM) != 0;
  }

  /** As {@link SerialBackend#write(DirectBuffer, int, int)}. */
  int write(DirectBuffer bytes, int offset, int length) {
    int done = 0;
    while (done < length) {
      int result = queue.put(bytes, offset + done, Math.min(length - done, OutputQueue.CAPACITY));
      if ((result & OutputQueue.WAKE) != 0) {
        kick.signal();
      }
      done += result >> OutputQueue.COUNT_SHIFT;
      if ((result & OutputQueue.ROOM) == 0) {
        break;
      }
    }
    return done;
  }

  /** As {@link SerialBackend#inputWanted}. */
  void inputWanted() {
    if (inputWaiting && !closed.get()) {
      inputWaiting = false;
      kick.signal();
    }
  }

  /**
   * Moves bytes from and to descriptors, which stay the caller's. Of a non-blocking one that serves
   * both ways input comes first: where it has ended already, no output is sent.
   *
   * @param input null for none
   * @param nonBlocking whether {@code output} has O_NONBLOCK set, or never blocks for long
   */
  void connect(Fd input, Fd output, boolean nonBlocking) {
    if (input == output) {
      in = new Interest(loop, input, this::bothReady);
      out = in;
    } else {
      in = input == null ? null : new Interest(loop, input, this::inputReady);
      out = output == null ? null : new Interest(loop, output, this::outputReady);
    }
    hungUp = false;
    inputPaused = !readAlways && !canRead();
    waitingToWrite = false;
    guardWrites = !nonBlocking;
    if (in != null) {
      refresh();
      if (nonBlocking && in == out) {
        readInput();
      }
    }
    if (out != null) {
      setMode(OutputQueue.Mode.FLOW);
      drain(false);
    }
    if (in != null && in.isAlwaysReady()) {
      readInput();
    }
  }

  /** Lets go of the descriptors; output is held again. */
  void disconnect() {
    dropWatches();
    in = null;
    out = null;
    waitingToWrite = false;
    setMode(OutputQueue.Mode.HOLD);
  }

  /** Output goes nowhere from now on. */
  void discardOutput() {
    waitingToWrite = false;
    if (out != null && out != in) {
      out.set(Interest.NONE);
      out = null;
    }
    setMode(OutputQueue.Mode.DISCARD);
    refresh();
  }

  /** Reads no more. */
  void endInput() {
    if (in != null && in != out) {
      in.set(Interest.NONE);
      in = null;
    }
  }

  /** Whether the other side is gone, though input of it may still wait for the guest. */
  boolean hungUp() {
    return hungUp;
  }

  /** Whether it has descriptors. */
  boolean isConnected() {
    return in != null || out != null;
  }

  /** Whether there is space to look for input. */
  boolean canRead() {
    return inputEnd - inputStart < INPUT_LENGTH;
  }

  private void setMode(OutputQueue.Mode mode) {
    if (queue.mode(mode)) {
      port.writable();
    }
  }

  private void dropWatches() {
    if (in != null) {
      in.set(Interest.NONE);
    }
    if (out != null) {
      out.set(Interest.NONE);
    }
  }

  private void refresh() {
    int inEvents = hungUp ? Interest.NONE : inputPaused ? 0 : EventLoop.READABLE;
    if (in == out && in != null) {
      in.set(waitingToWrite && !hungUp ? inEvents | EventLoop.WRITABLE : inEvents);
      return;
    }
    if (in != null) {
      in.set(inEvents);
    }
    if (out != null) {
      out.set(waitingToWrite ? EventLoop.WRITABLE : Interest.NONE);
    }
  }

  private void kicked() {
    kick.drain();
    feed();
    if (in != null && inputPaused && canRead()) {
      inputPaused = false;
      refresh();
      if (in.isAlwaysReady() || hungUp) {
        readInput();
      }
    }
    if (!waitingToWrite) {
      drain(false);
    }
  }

  private static boolean failed(int events) {
    return (events & (EventLoop.ERROR | EventLoop.HANG_UP)) != 0;
  }

  private void bothReady(int events) {
    outputReady(events);
    if (in != null) {
      inputReady(events);
    }
  }

  private void outputReady(int events) {
    if (waitingToWrite && (failed(events) || (events & EventLoop.WRITABLE) != 0)) {
      waitingToWrite = false;
      drain(true);
      refresh();
    }
  }

  private void inputReady(int events) {
    if (inputPaused && failed(events)) {
      // What is left of its input can still be read; there is nobody to write to.
      hungUp = true;
      refresh();
      if (in == out) {
        setMode(OutputQueue.Mode.HOLD);
      }
    } else if (!inputPaused && (failed(events) || (events & EventLoop.READABLE) != 0)) {
      readInput();
    }
  }

  /** Reads once, or to the end where the descriptor is always ready. */
  private void readInput() {
    while (in != null && !inputPaused) {
      boolean again = in.isAlwaysReady() || hungUp;
      long length = readAlways ? INPUT_LENGTH : INPUT_LENGTH - (inputEnd - inputStart);
      long count = syscalls.read(in.number(), scratch.addressOffset(), length);
      if (Errno.EAGAIN.is(count) || Errno.EINTR.is(count)) {
        return;
      }
      if (count <= 0) {
        owner.inputEnded((int) -count);
        return;
      }
      store((int) count);
      feed();
      if (!readAlways && !canRead()) {
        inputPaused = true;
        refresh();
      }
      if (!again) {
        return;
      }
    }
  }

  private void store(int count) {
    if (inputStart > 0) {
      System.arraycopy(input, inputStart, input, 0, inputEnd - inputStart);
      inputEnd -= inputStart;
      inputStart = 0;
    }
    for (int i = 0; i < count; i++) {
      int value = scratch.getByte(i) & 0xff;
      if (filter != null) {
        value = filter.filter(value);
      }
      if (value >= 0 && inputEnd < INPUT_LENGTH) {
        input[inputEnd++] = (byte) value;
      }
    }
  }

  /** Gives the device what it has room for. */
  private void feed() {
    while (inputStart < inputEnd) {
      int room = port.room();
      if (room <= 0) {
        inputWaiting = true;
        room = port.room(); // It may have made room before it could see that we wait.
        if (room <= 0) {
          return;
        }
        inputWaiting = false;
      }
      int length = Math.min(room, inputEnd - inputStart);
      port.receive(input, inputStart, length);
      inputStart += length;
    }
  }

  private void drain(boolean pollsAsWritable) {
    boolean mayWrite = pollsAsWritable || !guardWrites;
    for (int i = 0; i < WRITES_PER_TURN; i++) {
      int length = queue.beginChunk();
      if (length == 0 || out == null) {
        return;
      }
      if (guardWrites && !out.isAlwaysReady()) {
        if (!mayWrite) {
          waitToWrite();
          if (!out.isAlwaysReady()) {
            return;
          }
        }
        length = Math.min(length, GUARDED_CHUNK);
        mayWrite = false;
      }
      long written = syscalls.write(out.number(), queue.chunkAddress(), length);
      if (written >= 0) {
        if (queue.take(written)) {
          port.writable();
        }
      } else if (Errno.EAGAIN.is(written)) {
        waitToWrite();
        return;
      } else if (!Errno.EINTR.is(written)) {
        owner.outputFailed((int) -written);
        return;
      }
    }
    kick.signal();
  }

  private void waitToWrite() {
    waitingToWrite = true;
    refresh();
    if (out.isAlwaysReady()) {
      waitingToWrite = false;
    }
  }

  /** Sends what is queued, for a second at most, and lets go of the descriptors. */
  @Override
  public void close() {
    close(() -> {});
  }

  /** As {@link #close()}; {@code last} then runs on the loop's thread, to close descriptors. */
  void close(Runnable last) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    if (!loop.isLoopThread()) {
      queue.awaitEmpty(CLOSE_MILLIS);
    }
    runOnLoop(
        loop,
        () -> {
          port = SerialBackend.NO_PORT;
          drain(false);
          disconnect();
          queue.mode(OutputQueue.Mode.DISCARD);
          kickWatch.close();
          kick.close();
          last.run();
        });
  }

  /**
   * Runs {@code task} on the loop's thread and waits for it; here, if that thread does not come.
   */
  static void runOnLoop(EventLoop loop, Runnable task) {
    if (loop.isLoopThread()) {
      task.run();
      return;
    }
    AtomicBoolean taken = new AtomicBoolean();
    CountDownLatch done = new CountDownLatch(1);
    loop.execute(
        () -> {
          if (taken.compareAndSet(false, true)) {
            try {
              task.run();
            } finally {
              done.countDown();
            }
          }
        });
    try {
      if (!done.await(CLOSE_MILLIS, TimeUnit.MILLISECONDS) && taken.compareAndSet(false, true)) {
        task.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
