package javelin.devices.virtio.net;

import java.nio.ByteOrder;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Frames from a stream, each behind its length (see {@link StreamBackend}), by readv(2) straight
 * into the driver's buffers: each read asks for the rest of a frame and the length of the next one.
 * A frame is read only when there is room for all of it.
 */
final class StreamSource implements NetSource {
  private static final int JUNK_LENGTH = 1 << 14;

  /** The most parts that a frame and a length can be in. */
  private static final int VECTOR_LENGTH = 1024 * 16;

  private final Fd fd;
  private final Syscalls syscalls;
  private final UnsafeBuffer prefix = NativeMemory.allocate(StreamBackend.PREFIX);
  private final UnsafeBuffer vector = NativeMemory.allocate(VECTOR_LENGTH);
  private final UnsafeBuffer header = NativeMemory.allocate(NetHeader.LENGTH);

  /** For what is thrown away; made when first needed. */
  private UnsafeBuffer junk;

  /** Bytes of the prefix that are there. */
  private int prefixed;

  /** Bytes of the frame that are in the buffers. */
  private int placed;

  /** Bytes to be thrown away before the next prefix. */
  private int dropping;

  StreamSource(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
  }

  @Override
  public Fd fd() {
    return fd;
  }

  @Override
  public int receive(ReceiveBuffers buffers) {
    int result = drop();
    if (result > 0 && prefixed < StreamBackend.PREFIX) {
      result = readPrefix();
    }
    if (result <= 0) {
      return result;
    }
    int length = length();
    if (length < StreamBackend.SHORTEST_FRAME || length > NetHeader.LONGEST_FRAME) {
      return -Errno.EPROTO.number();
    }
    if (buffers.bytes() < NetHeader.LENGTH + length) {
      return SHORT;
    }
    return readFrame(buffers, length);
  }

  private int length() {
    return prefix.getInt(0, ByteOrder.BIG_ENDIAN);
  }

  /** 1 where it goes on, else what {@link #receive} is to return. */
  private static int outcome(long read) {
    if (read > 0) {
      return 1;
    }
    if (read == 0) {
      return -Errno.ECONNRESET.number();
    }
    return Errno.EAGAIN.is(read) || Errno.EINTR.is(read) ? NOTHING : (int) read;
  }

  private int readPrefix() {
    while (prefixed < StreamBackend.PREFIX) {
      long read =
          syscalls.read(
              fd.number(), prefix.addressOffset() + prefixed, StreamBackend.PREFIX - prefixed);
      if (read <= 0) {
        return outcome(read);
      }
      prefixed += (int) read;
    }
    return 1;
  }

  private int readFrame(ReceiveBuffers buffers, int length) {
    while (true) {
      int left = length - placed;
      int parts = buffers.slice(vector, NetHeader.LENGTH + placed, left);
      vector.putLong(parts * 16, prefix.addressOffset());
      vector.putLong(parts * 16 + 8, StreamBackend.PREFIX);
      long read = syscalls.readv(fd.number(), vector.addressOffset(), parts + 1);
      if (read <= 0) {
        return outcome(read);
      }
      if (read >= left) {
        prefixed = (int) read - left;
        placed = 0;
        buffers.write(0, header, 0, NetHeader.LENGTH);
        return NetHeader.LENGTH + length;
      }
      placed += (int) read;
    }
  }

  private int drop() {
    while (dropping > 0) {
      if (junk == null) {
        junk = NativeMemory.allocate(JUNK_LENGTH);
      }
      long read = syscalls.read(fd.number(), junk.addressOffset(), Math.min(dropping, JUNK_LENGTH));
      if (read <= 0) {
        return outcome(read);
      }
      dropping -= (int) read;
    }
    return 1;
  }

  @Override
  public void discard() {
    dropping = length() - placed;
    placed = 0;
    prefixed = 0;
  }

  @Override
  public void forget() {
    if (placed > 0) {
      discard();
    }
  }
}
