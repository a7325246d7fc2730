package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import javelin.passthrough.binding.Journal.State;
import javelin.passthrough.host.HostAddress;

/** Taking and giving back by hand: {@code javelin pci take} and {@code give-back}. */
public final class HandBinding {
  private final BindingHost host;

  /** Works on {@code host}. */
  public HandBinding(BindingHost host) {
    this.host = host;
  }

  /**
   * Takes {@code devices}, all or none; they stay taken until they are given back, or the host
   * boots again.
   *
   * @param force take also what the host uses
   * @throws BindingException where one cannot be taken
   */
  public void take(List<HostAddress> devices, boolean force) {
    new Take(host).run(devices, force, State.TAKEN).locks().close();
    for (HostAddress address : devices) {
      host.note(address, "taken: " + String.join(", ", nodes(address)));
    }
  }

  private List<String> nodes(HostAddress address) {
    return host.device(address).vfioNodes().stream().filter(host.files()::exists).toList();
  }

  /**
   * Gives back each of {@code devices} that can be.
   *
   * @return for each of the others, why not
   */
  public List<String> giveBack(List<HostAddress> devices) {
    List<String> problems = new ArrayList<>();
    for (HostAddress address : devices) {
      try {
        giveBack(address);
      } catch (RuntimeException e) {
        problems.add(e.getMessage());
      }
    }
    return problems;
  }

  private void giveBack(HostAddress address) {
    DeviceFiles device = host.device(address);
    if (device.exists() && !host.control().mayWrite(device.path("driver_override"))) {
      throw new BindingException(address + ": giving a device back needs root");
    }
    try (DeviceLock lock = host.lock(address)) {
      Journal journal =
          host.journals()
              .load(lock.address())
              .filter(found -> found.bootId().equals(host.bootId()))
              .orElseThrow(() -> notTaken(device));
      new GiveBack(host).run(journal);
    }
  }

  private static BindingException notTaken(DeviceFiles device) {
    String why = "";
    if (!device.exists()) {
      why = "; there is no such PCI device";
    } else if (device.isWithVfio()) {
      why =
          "; "
              + device.driver()
              + " has it from elsewhere, as a boot option or another tool may have done";
    }
    return new BindingException(device.address() + ": not taken by Javelin" + why);
  }
}
