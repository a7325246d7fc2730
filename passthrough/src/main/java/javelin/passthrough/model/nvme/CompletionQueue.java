package javelin.passthrough.model.nvme;

import javelin.passthrough.model.ModelHost;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A completion queue in the host's memory (NVM Express Base 1.4, 4.6): u32 result, u32 reserved,
 * u16 head and u16 number of the submission queue, u16 command, u16 phase and status.
 */
final class CompletionQueue {
  static final int ENTRY_LENGTH = 16;

  private static final int HEAD = 8;
  private static final int QUEUE = 10;
  private static final int IDENTIFIER = 12;
  private static final int STATUS = 14;

  private final ModelHost host;
  private final long address;
  private final int size;
  private final boolean interrupts;
  private final int vector;
  private final byte[] bytes = new byte[ENTRY_LENGTH];
  private final UnsafeBuffer entry = new UnsafeBuffer(bytes);
  private int head;
  private int tail;
  private int phase = 1;

  /**
   * @param size entries
   * @param interrupts whether a completion interrupts, by {@code vector}
   */
  CompletionQueue(ModelHost host, long address, int size, boolean interrupts, int vector) {
    this.host = host;
    this.address = address;
    this.size = size;
    this.interrupts = interrupts;
    this.vector = vector;
  }

  boolean isFull() {
    return (tail + 1) % size == head;
  }

  /** Whether the host has completions to look at, of which it is to be told. */
  boolean isWaiting() {
    return interrupts && head != tail;
  }

  boolean interrupts() {
    return interrupts;
  }

  int vector() {
    return vector;
  }

  /** The host has looked at all before {@code newHead}; a place outside of the queue is ignored. */
  void head(long newHead) {
    if (newHead >= 0 && newHead < size) {
      head = (int) newHead;
    }
  }

  /** Puts in a completion; there is room. */
  void post(SubmissionQueue from, int identifier, int status, int result) {
    entry.putInt(0, result);
    entry.putInt(Integer.BYTES, 0);
    entry.putShort(HEAD, (short) from.head());
    entry.putShort(QUEUE, (short) from.number());
    entry.putShort(IDENTIFIER, (short) identifier);
    entry.putShort(STATUS, (short) (status << 1 | phase));
    // Where there is no such memory, the host has made itself a queue that it cannot read.
    host.writeMemory(address + (long) tail * ENTRY_LENGTH, bytes);
    tail++;
    if (tail == size) {
      tail = 0;
      phase ^= 1;
    }
  }
}
