package javelin.devices.virtio.net;

import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Packets from one queue of a tap, by readv(2) straight into the driver's buffers. A read takes a
 * whole packet, and cuts off what there is no room for: so room of its own follows the buffers, and
 * the rest of a packet that ends there is copied, once there are more buffers.
 */
final class TapSource implements NetSource {
  private final Fd fd;
  private final Syscalls syscalls;
  private final UnsafeBuffer rest =
      NativeMemory.allocate(NetHeader.LENGTH + NetHeader.LONGEST_FRAME);

  /** Of the packet that was too long: its bytes, and how many of them are in the buffers. */
  private int held;

  private int placed;

  TapSource(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
  }

  @Override
  public Fd fd() {
    return fd;
  }

  @Override
  public int receive(ReceiveBuffers buffers) {
    if (held > 0) {
      return place(buffers);
    }
    buffers.tail(rest.addressOffset(), rest.capacity());
    long room = buffers.bytes();
    long length = syscalls.readv(fd.number(), buffers.address(), buffers.parts() + 1);
    while (Errno.EINTR.is(length)) {
      length = syscalls.readv(fd.number(), buffers.address(), buffers.parts() + 1);
    }
    if (length <= room) {
      return Errno.EAGAIN.is(length) ? NOTHING : length == 0 ? -Errno.EIO.number() : (int) length;
    }
    held = (int) length;
    placed = (int) room;
    return SHORT;
  }

  private int place(ReceiveBuffers buffers) {
    if (buffers.bytes() < held) {
      return SHORT;
    }
    buffers.write(placed, rest, 0, held - placed);
    int length = held;
    held = 0;
    return length;
  }

  @Override
  public void discard() {
    held = 0;
  }

  @Override
  public void forget() {
    held = 0;
  }
}
