package javelin.devices.virtio.blk.nbd;

import static javelin.devices.virtio.blk.nbd.NbdProtocol.*;

import java.nio.ByteOrder;
import javelin.devices.virtio.blk.BlockRequest;
import javelin.devices.virtio.blk.CompletionQueue;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A request on its way to a server and back, in as many parts as its data needs, one after the
 * other. It is made once and used again and again.
 *
 * <p>Guarded by the lock of its {@link NbdConnection}; what it receives belongs to the loop's
 * thread alone.
 */
final class NbdSlot {
  private static final ByteOrder NETWORK = ByteOrder.BIG_ENDIAN;
  private static final int IOVEC = 16;

  /** What is sent where a server has to be sent zeros. */
  private static final UnsafeBuffer ZEROS = NativeMemory.allocate(1 << 16);

  private final int index;
  private final UnsafeBuffer header = NativeMemory.allocate(REQUEST_LENGTH);

  /** In which use of the slot it is; a part of the request's handle. */
  private int use;

  private BlockRequest request;
  private CompletionQueue ends;
  private int type;
  private int flags;
  private int mostData;

  /** Bytes of earlier parts, and of this one. */
  private long done;

  private long part;

  /** Bytes of this part's header and data that are not sent. */
  private int headerLeft;

  private long dataLeft;

  /** The next one that is to be sent. */
  NbdSlot next;

  NbdSlot(int index) {
    this.index = index;
  }

  /** Takes a request; {@code mostData} are the bytes of its data that a part has at most. */
  void take(
      BlockRequest newRequest, CompletionQueue newEnds, int newType, int newFlags, int newMost) {
    request = newRequest;
    ends = newEnds;
    type = newType;
    flags = newFlags;
    mostData = newMost;
    done = 0;
    nextPart();
  }

  /** Makes the header of the next part. */
  private void nextPart() {
    boolean hasData = type == CMD_READ || type == CMD_WRITE;
    part = hasData ? Math.min(request.length() - done, mostData) : request.length();
    headerLeft = REQUEST_LENGTH;
    dataLeft = type == CMD_WRITE ? part : 0;
    use++;
    header.putInt(0, REQUEST_MAGIC, NETWORK);
    header.putShort(REQUEST_FLAGS, (short) flags, NETWORK);
    header.putShort(REQUEST_TYPE, (short) type, NETWORK);
    header.putLong(REQUEST_HANDLE, handle(), NETWORK);
    header.putLong(REQUEST_OFFSET, request.offset() + done, NETWORK);
    header.putInt(REQUEST_BYTES, (int) part, NETWORK);
  }

  private long handle() {
    return (long) use << Integer.SIZE | index;
  }

  /** Whether {@code handle} is the one of the part that is on its way. */
  boolean hasHandle(long handle) {
    return request != null && handle == handle() && isSent();
  }

  /** Which slot a handle is of, if of any; it may be any number. */
  static int index(long handle) {
    return (int) handle;
  }

  boolean isSent() {
    return headerLeft == 0 && dataLeft == 0;
  }

  /** Whether there is a request in it. */
  boolean isInUse() {
    return request != null;
  }

  /** The most entries that {@link #addTo} adds. */
  int entries() {
    if (isZeros()) {
      return 2 + (int) (dataLeft / ZEROS.capacity());
    }
    return request.data() == null ? 1 : 1 + request.data().count();
  }

  private boolean isZeros() {
    return type == CMD_WRITE && request.data() == null;
  }

  /** Adds what is to be sent to {@code vector}, behind {@code count} entries; returns how many. */
  int addTo(UnsafeBuffer vector, int count) {
    int at = count;
    if (headerLeft > 0) {
      long start = header.addressOffset() + REQUEST_LENGTH - headerLeft;
      at = add(vector, at, start, headerLeft);
    }
    if (!isZeros()) {
      return dataLeft > 0 ? request.data().copyTo(vector, at, dataLeft) : at;
    }
    for (long left = dataLeft; left > 0; left -= ZEROS.capacity()) {
      at = add(vector, at, ZEROS.addressOffset(), Math.min(left, ZEROS.capacity()));
    }
    return at;
  }

  private static int add(UnsafeBuffer vector, int at, long address, long length) {
    vector.putLong(at * IOVEC, address);
    vector.putLong(at * IOVEC + Long.BYTES, length);
    return at + 1;
  }

  /** {@code bytes} have been sent, of this one first; returns those that are of the next ones. */
  long sent(long bytes) {
    int ofHeader = (int) Math.min(bytes, headerLeft);
    headerLeft -= ofHeader;
    long ofData = Math.min(bytes - ofHeader, dataLeft);
    dataLeft -= ofData;
    if (!isZeros() && ofData > 0) {
      request.data().skip(ofData);
    }
    return bytes - ofHeader - ofData;
  }

  /** Bytes of data that follow a reply without an error. */
  long awaited() {
    return type == CMD_READ ? part : 0;
  }

  boolean isFlush() {
    return type == CMD_FLUSH;
  }

  /** The request. */
  BlockRequest request() {
    return request;
  }

  /** This part is done; returns whether there is another one, which is to be sent now. */
  boolean partDone() {
    done += part;
    if (done >= request.length()) {
      return false;
    }
    nextPart();
    return true;
  }

  /** Ends the request, and with it this use of the slot. */
  void end(int result) {
    BlockRequest ended = request;
    CompletionQueue queue = ends;
    request = null;
    ends = null;
    queue.ended(ended, result);
  }
}
