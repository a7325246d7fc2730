package javelin.devices.virtio;

import javelin.vmm.linux.EventFd;

/**
 * What serves queues outside of this process's threads: a process, or the kernel. Where it fails,
 * it tells the device's owner itself. Called with the lock of the {@link VirtioState} held.
 */
public interface QueueServer extends AutoCloseable {
  /**
   * Serves queue {@code index} from now on.
   *
   * @param kick what the driver's notifications signal
   * @param call what it is to signal for an interrupt
   * @param features that were negotiated
   * @return whether it does
   */
  boolean start(int index, RemoteRing ring, EventFd kick, EventFd call, long features);

  /**
   * Serves it no longer; guest RAM is not touched for it any more.
   *
   * @return index of the next entry of the available ring; below 0 where that is not known
   */
  int stop(int index);

  @Override
  default void close() {}
}
