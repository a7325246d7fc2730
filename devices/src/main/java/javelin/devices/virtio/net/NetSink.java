package javelin.devices.virtio.net;

import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;

/** Where sent packets go to. Called with the lock of the transmit queue held. */
public interface NetSink {
  /** The packet is dealt with. */
  int DONE = 0;

  /** The host takes no more for now; {@link #fd} becomes writable when that changes. */
  int FULL = -Errno.EAGAIN.number();

  /** What is writable when packets are taken. */
  Fd fd();

  /**
   * Sends a packet.
   *
   * @param packet with its {@link NetHeader}; where the answer is {@link #FULL}, it stays in use
   *     until another answer, or {@link #release}
   * @return one of the constants, or another {@code -errno} where the packet is dropped for it
   */
  int send(IoVector packet);

  /** Goes on with the packet for which there was no room; returns as {@link #send}. */
  int resume();

  /** Guest RAM is not touched any more. */
  void release();
}
