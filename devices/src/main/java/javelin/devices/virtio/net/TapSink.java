package javelin.devices.virtio.net;

import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Syscalls;

/** Packets to one queue of a tap, by writev(2) straight from guest RAM, each of them whole. */
final class TapSink implements NetSink {
  private final Fd fd;
  private final Syscalls syscalls;
  private IoVector waiting;

  TapSink(Fd fd) {
    this.fd = fd;
    syscalls = fd.linux().syscalls();
  }

  @Override
  public Fd fd() {
    return fd;
  }

  @Override
  public int send(IoVector packet) {
    waiting = packet;
    return resume();
  }

  @Override
  public int resume() {
    long done = syscalls.writev(fd.number(), waiting.address(), waiting.count());
    while (Errno.EINTR.is(done)) {
      done = syscalls.writev(fd.number(), waiting.address(), waiting.count());
    }
    return (int) Math.min(done, DONE);
  }

  @Override
  public void release() {
    // Of a packet that waits, nothing was sent.
  }
}
