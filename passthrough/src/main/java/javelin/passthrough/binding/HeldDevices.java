package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javelin.passthrough.binding.Journal.State;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Resources;

/**
 * Devices that this process holds for a guest, locked against every other Javelin. Closing gives
 * back what was taken; VFIO's descriptors must be closed by then, or vfio-pci does not let go.
 *
 * <p>If the process dies without closing, the kernel frees the locks, and the next {@link Recovery}
 * gives the devices back.
 */
public final class HeldDevices implements AutoCloseable {
  private final BindingHost host;
  private final List<HostAddress> addresses;
  private final List<Journal> taken;
  private final Resources locks;
  private boolean closed;

  private HeldDevices(
      BindingHost host, List<HostAddress> addresses, List<Journal> taken, Resources locks) {
    this.host = host;
    this.addresses = addresses.stream().distinct().toList();
    this.taken = taken;
    this.locks = locks;
  }

  /**
   * Takes {@code devices} from the host, all or none.
   *
   * @param force take also what the host uses
   * @throws BindingException where one cannot be taken
   */
  public static HeldDevices take(BindingHost host, List<HostAddress> devices, boolean force) {
    Take.Taken taken = new Take(host).run(devices, force, State.HELD);
    return new HeldDevices(host, devices, taken.journals(), taken.locks());
  }

  /**
   * Locks {@code devices} that vfio-pci has already, and leaves their binding alone. A user who may
   * not write to the journals' folder goes without the lock: the kernel opens a group only once.
   *
   * @throws BindingException where vfio-pci does not have one, or another process holds it
   */
  public static HeldDevices ofTaken(BindingHost host, List<HostAddress> devices) {
    Resources locks = new Resources();
    try {
      for (HostAddress address : devices.stream().distinct().toList()) {
        requireVfio(host.device(address));
        if (host.journals().isWritable()) {
          locks.own(host.lock(address));
        }
      }
      return new HeldDevices(host, devices, List.of(), locks);
    } catch (RuntimeException e) {
      locks.closeAfter(e);
      throw e;
    }
  }

  private static void requireVfio(DeviceFiles device) {
    if (!device.isWithVfio()) {
      throw new BindingException(
          device.address()
              + ": not taken, "
              + (device.driver().isEmpty() ? "no driver" : device.driver())
              + " has it; as root: javelin pci take "
              + device.address());
    }
  }

  /** The devices, in the order in which they were asked for. */
  public List<HostAddress> addresses() {
    return addresses;
  }

  /**
   * Gives the devices back and unlocks them. Closing twice is harmless.
   *
   * @throws BindingException where one could not be given back; the others are
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      giveBack();
    } finally {
      locks.close();
    }
  }

  private void giveBack() {
    List<String> problems = new ArrayList<>();
    List<Journal> last = new ArrayList<>(taken);
    Collections.reverse(last);
    for (Journal journal : last) {
      try {
        new GiveBack(host).run(journal);
      } catch (RuntimeException e) {
        problems.add(e.getMessage());
      }
    }
    if (!problems.isEmpty()) {
      throw new BindingException(
          String.join("\n", problems) + "\nwhen that is settled: javelin pci recover");
    }
  }
}
