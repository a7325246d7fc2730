package javelin.vmm.linux;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The far end of a descriptor of a {@link FakeSyscalls} that never blocks: a stream, or packets of
 * which a read takes one, cut to what it has room for. Change it by {@link FakeSyscalls#change}.
 */
public final class FakeChannel {
  static final int EPOLLIN = 0x1;
  static final int EPOLLOUT = 0x4;
  static final int EPOLLHUP = 0x10;

  private final boolean isStream;
  private final Deque<byte[]> incoming = new ArrayDeque<>();
  private final List<byte[]> outgoing = new ArrayList<>();
  private boolean isEnded;
  private long room = Long.MAX_VALUE;
  private int reads;

  /** A stream, or packets. */
  public FakeChannel(boolean isStream) {
    this.isStream = isStream;
  }

  /** Has {@code bytes} read: one packet, or a part of the stream that no read goes beyond. */
  public void arrive(byte... bytes) {
    incoming.add(bytes.clone());
  }

  /** What was written so far, a write at a time. */
  public List<byte[]> written() {
    return List.copyOf(outgoing);
  }

  /** What waits to be read: packets, or parts of the stream. */
  public int waiting() {
    return incoming.size();
  }

  /** How often it was read from. */
  public int reads() {
    return reads;
  }

  /** Takes this many bytes from now on; a packet for which there is no room not at all. */
  public void room(long bytes) {
    room = bytes;
  }

  /** Whether it takes nothing more. */
  public boolean isFull() {
    return room == 0;
  }

  /** Hangs up, behind what has arrived. */
  public void end() {
    isEnded = true;
  }

  int events() {
    boolean isReadable = isEnded || !incoming.isEmpty();
    return (isReadable ? EPOLLIN : 0) | (room > 0 ? EPOLLOUT : 0) | (isEnded ? EPOLLHUP : 0);
  }

  int read(List<UnsafeBuffer> buffers) {
    reads++;
    byte[] bytes = incoming.poll();
    if (bytes == null) {
      return isEnded ? 0 : FakeDescriptors.error(Errno.EAGAIN);
    }
    int done = 0;
    for (UnsafeBuffer buffer : buffers) {
      int part = Math.min(buffer.capacity(), bytes.length - done);
      buffer.putBytes(0, bytes, done, part);
      done += part;
    }
    if (isStream && done < bytes.length) {
      incoming.push(Arrays.copyOfRange(bytes, done, bytes.length));
    }
    return done;
  }

  int write(List<UnsafeBuffer> buffers) {
    if (isEnded) {
      return FakeDescriptors.error(Errno.EPIPE);
    }
    long total = buffers.stream().mapToLong(UnsafeBuffer::capacity).sum();
    if (room == 0 || (!isStream && room < total)) {
      return FakeDescriptors.error(Errno.EAGAIN);
    }
    byte[] bytes = new byte[(int) Math.min(total, room)];
    int done = 0;
    for (UnsafeBuffer buffer : buffers) {
      int part = Math.min(buffer.capacity(), bytes.length - done);
      buffer.getBytes(0, bytes, done, part);
      done += part;
    }
    outgoing.add(bytes);
    room -= room == Long.MAX_VALUE ? 0 : done;
    return done;
  }
}
