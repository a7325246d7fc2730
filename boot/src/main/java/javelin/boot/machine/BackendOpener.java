package javelin.boot.machine;

import javelin.devices.console.SerialBackend;
import javelin.vmm.event.EventLoop;

/** Opens what a virtio console or port talks to. */
@FunctionalInterface
public interface BackendOpener {
  /**
   * Opens it.
   *
   * @param user what the user calls the device, such as {@code "virtio console"}
   * @param loop where it runs; open for longer than the back end
   * @throws RuntimeException a BackendException or an ErrnoException where it cannot be had
   */
  SerialBackend open(String user, SerialSpec spec, EventLoop loop);
}
