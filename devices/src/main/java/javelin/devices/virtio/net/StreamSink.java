package javelin.devices.virtio.net;

import java.nio.ByteOrder;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Frames to a stream, each behind its length (see {@link StreamBackend}), by writev(2) straight
 * from guest RAM. A frame of which a part is written must follow as a whole: where guest RAM is to
 * be left alone before that, the rest is kept.
 */
final class StreamSink implements NetSink {
  private final Fd fd;
  private final Syscalls syscalls;
  private final UnsafeBuffer prefix = NativeMemory.allocate(StreamBackend.PREFIX);
  private final UnsafeBuffer kept =
      NativeMemory.allocate(StreamBackend.PREFIX + NetHeader.LONGEST_FRAME);

  /** The kept bytes that are still to be written. */
  private int keptFrom;

  private int keptEnd;

  /** What is being written; null for nothing. */
  private IoVector waiting;

  private boolean isBegun;

  StreamSink(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
  }

  @Override
  public Fd fd() {
    return fd;
  }

  @Override
  public int send(IoVector packet) {
    packet.skip(NetHeader.LENGTH);
    long length = packet.bytes();
    if (length < StreamBackend.SHORTEST_FRAME || length > NetHeader.LONGEST_FRAME) {
      return -Errno.EINVAL.number();
    }
    prefix.putInt(0, (int) length, ByteOrder.BIG_ENDIAN);
    packet.prepend(prefix.addressOffset(), StreamBackend.PREFIX);
    waiting = packet;
    isBegun = false;
    return resume();
  }

  @Override
  public int resume() {
    while (keptFrom < keptEnd) {
      long done = syscalls.write(fd.number(), kept.addressOffset() + keptFrom, keptEnd - keptFrom);
      if (done >= 0) {
        keptFrom += (int) done;
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    while (waiting != null && waiting.bytes() > 0) {
      long done = syscalls.writev(fd.number(), waiting.address(), waiting.count());
      if (done >= 0) {
        waiting.skip(done);
        isBegun |= done > 0;
      } else if (!Errno.EINTR.is(done)) {
        return (int) done;
      }
    }
    waiting = null;
    return DONE;
  }

  @Override
  public void release() {
    if (waiting != null && isBegun) {
      keptFrom = 0;
      keptEnd = waiting.read(kept, 0, kept.capacity());
      waiting = null;
    }
  }
}
