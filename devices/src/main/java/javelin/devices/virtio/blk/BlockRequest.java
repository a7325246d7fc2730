package javelin.devices.virtio.blk;

import javelin.devices.virtio.queue.IoVector;

/**
 * One operation on a {@link BlockBackend}. It is made once and used again and again; it belongs to
 * the backend from {@code submit} to {@link #finish}.
 */
public final class BlockRequest {
  /** What is to be done. */
  public enum Operation {
    READ("read"),
    WRITE("write"),
    FLUSH("flush"),
    DISCARD("discard"),
    /** Zeros, whose space may be given back. */
    ZERO("write-zeroes"),
    /** Zeros, whose space stays. */
    ZERO_KEEPING_SPACE("write-zeroes");

    private final String text;

    Operation(String text) {
      this.text = text;
    }

    /** What messages call it. */
    String text() {
      return text;
    }
  }

  /** Who waits for the end. */
  @FunctionalInterface
  public interface Listener {
    /**
     * {@code request} has ended.
     *
     * @param result 0, or {@code -errno}
     */
    void finished(BlockRequest request, int result);
  }

  private final Listener listener;
  private Operation operation;
  private long offset;
  private long length;
  private IoVector data;
  private boolean isDurable;
  private int result;

  /** A request whose ends {@code listener} hears of. */
  public BlockRequest(Listener listener) {
    this.listener = listener;
  }

  /**
   * Sets it up.
   *
   * @param newOffset first byte of the disk, where the operation has a range
   * @param newLength bytes
   * @param newData {@code newLength} bytes of guest RAM to read into or write from; the backend may
   *     take bytes off it. Null where the operation moves no data
   */
  public BlockRequest set(
      Operation newOperation, long newOffset, long newLength, IoVector newData) {
    operation = newOperation;
    offset = newOffset;
    length = newLength;
    data = newData;
    isDurable = false;
    return this;
  }

  /**
   * What it writes is to be durable when it ends; only for backends that do that, and until the
   * next {@link #set}.
   */
  public BlockRequest durable() {
    isDurable = true;
    return this;
  }

  /** Whether what it writes is to be durable when it ends. */
  public boolean isDurable() {
    return isDurable;
  }

  /** What is to be done. */
  public Operation operation() {
    return operation;
  }

  /** First byte of the disk. */
  public long offset() {
    return offset;
  }

  /** Bytes of the disk. */
  public long length() {
    return length;
  }

  /** Where on the disk the bytes go, or come from, that are left of {@link #data}. */
  long position() {
    return offset + length - data.bytes();
  }

  /** Guest RAM to read into, or write from. */
  public IoVector data() {
    return data;
  }

  /** Keeps what {@link #finish(int)} is to be called with, between two threads of a backend. */
  void result(int newResult) {
    result = newResult;
  }

  /** What was kept. */
  int result() {
    return result;
  }

  /**
   * Ends it.
   *
   * @param result 0, or {@code -errno}
   */
  public void finish(int result) {
    listener.finished(this, result);
  }
}
