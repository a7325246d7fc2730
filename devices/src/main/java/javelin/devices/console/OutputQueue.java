package javelin.devices.console;

import javelin.vmm.linux.NativeMemory;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Bytes on their way out: a ring that vCPU threads fill and the event loop empties.
 *
 * <p>Without a reader it holds the newest bytes, so that one who comes later sees what led to the
 * present. Its state is guarded by its lock; the bytes of {@link #chunkAddress} stay in place until
 * {@link #take}, as nothing but {@link #take} moves the start while there is a reader.
 */
final class OutputQueue {
  static final int CAPACITY = 64 * 1024;

  /** A guest that was told that there is room may send a whole FIFO of 16 bytes; this is four. */
  private static final int RESERVE = 64;

  enum Mode {
    /** Nobody reads: the newest bytes are kept, the guest is not held up. */
    HOLD,
    /** The loop empties the queue. */
    FLOW,
    /** Output has failed for good: it goes nowhere. */
    DISCARD
  }

  private final UnsafeBuffer ring = NativeMemory.allocate(CAPACITY);
  private Mode mode = Mode.HOLD;
  private long start;
  private long end;
  private boolean full;
  private boolean draining;

  /** What {@link #put} answers, as bits. */
  static final int ROOM = 1;

  static final int WAKE = 2;

  /** Adds a byte: whether there is {@link #ROOM} for a burst more, and whether to {@link #WAKE}. */
  synchronized int put(int value) {
    if (mode == Mode.DISCARD) {
      return ROOM;
    }
    if (end - start == CAPACITY) {
      if (mode == Mode.FLOW) {
        return 0; // Sent without looking at the transmitter: lost, as on the real line.
      }
      start++;
    }
    ring.putByte((int) (end % CAPACITY), (byte) value);
    end++;
    if (mode == Mode.HOLD) {
      return ROOM;
    }
    full = CAPACITY - (end - start) < RESERVE;
    boolean wake = !draining;
    draining = true;
    return (full ? 0 : ROOM) | (wake ? WAKE : 0);
  }

  /** Where {@link #put(DirectBuffer, int, int)} has the number of bytes in its answer. */
  static final int COUNT_SHIFT = 2;

  /**
   * Adds bytes, as many as there is room for.
   *
   * @param length up to {@link #CAPACITY}
   * @return how many, shifted by {@link #COUNT_SHIFT}; {@link #ROOM} where these are all; {@link
   *     #WAKE}
   */
  synchronized int put(DirectBuffer bytes, int offset, int length) {
    if (mode == Mode.DISCARD) {
      return length << COUNT_SHIFT | ROOM;
    }
    int room = (int) (CAPACITY - (end - start));
    int count = length;
    if (mode == Mode.HOLD) {
      start += Math.max(0, length - room);
    } else {
      count = Math.min(length, room);
      full = count < length;
    }
    int at = (int) (end % CAPACITY);
    int first = Math.min(count, CAPACITY - at);
    ring.putBytes(at, bytes, offset, first);
    ring.putBytes(0, bytes, offset + first, count - first);
    end += count;
    int answer = count << COUNT_SHIFT | (count == length ? ROOM : 0);
    if (mode == Mode.FLOW && !draining) {
      draining = true;
      answer |= WAKE;
    }
    return answer;
  }

  /** Changes the mode; returns whether the device waits for room and now has it. */
  synchronized boolean mode(Mode newMode) {
    mode = newMode;
    draining = false;
    if (newMode == Mode.DISCARD) {
      start = end;
    }
    notifyAll();
    boolean wasFull = full;
    full = false;
    return wasFull;
  }

  /** Bytes that can be written from {@link #chunkAddress} at once; at 0 the loop is done. */
  synchronized int beginChunk() {
    long count = mode == Mode.FLOW ? end - start : 0;
    draining = count > 0;
    if (!draining) {
      notifyAll();
    }
    return (int) Math.min(count, CAPACITY - start % CAPACITY);
  }

  synchronized long chunkAddress() {
    return ring.addressOffset() + start % CAPACITY;
  }

  /** Takes bytes that were written; returns whether the device waits for room and now has it. */
  synchronized boolean take(long count) {
    start += count;
    if (full && end - start <= CAPACITY / 2) {
      full = false;
      return true;
    }
    return false;
  }

  /** Waits until all has been written, or nobody reads, for at most {@code timeoutMillis}. */
  synchronized void awaitEmpty(long timeoutMillis) {
    long deadline = System.currentTimeMillis() + timeoutMillis;
    try {
      while (mode == Mode.FLOW && end > start) {
        long left = deadline - System.currentTimeMillis();
        if (left <= 0) {
          return;
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
