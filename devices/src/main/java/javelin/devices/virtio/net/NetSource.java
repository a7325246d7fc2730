package javelin.devices.virtio.net;

import javelin.vmm.linux.Fd;

/** Where received packets come from. Called with the lock of the receive queue held. */
public interface NetSource {
  /** Nothing is there; {@link #fd} becomes readable when that changes. */
  int NOTHING = 0;

  /** A packet is there, and is longer than the buffers; give more, or {@link #discard} it. */
  int SHORT = Integer.MIN_VALUE;

  /** What is readable when there are packets. */
  Fd fd();

  /**
   * Puts a packet with its {@link NetHeader} to the front of the buffers. What was begun in them
   * goes on in the next call, which gets the same buffers, and perhaps more behind them.
   *
   * @return the packet's bytes with the header, or one of the constants, or {@code -errno} where no
   *     packets come any more
   */
  int receive(ReceiveBuffers buffers);

  /** Drops the packet for which the buffers were too short. */
  void discard();

  /** The buffers are gone, with what was begun in them. */
  void forget();
}
