package javelin.passthrough.binding;

import javelin.passthrough.binding.Journal.State;

/**
 * Gives one device back to the host: override and driver first, then what the driver lets be set,
 * and the journal goes last. Each step looks at what is there, so it may start over after it was
 * cut off at any point.
 */
final class GiveBack {
  private final BindingHost host;

  GiveBack(BindingHost host) {
    this.host = host;
  }

  /**
   * Restores what {@code journal} says. The caller has the device's lock.
   *
   * @throws BindingException where the device is in use or its driver does not take it; the journal
   *     stays then
   */
  void run(Journal journal) {
    SavedDevice saved = journal.saved();
    Binding binding = new Binding(host, saved.address());
    DeviceFiles device = binding.device();
    if (!device.exists()) {
      host.journals().delete(saved.address());
      host.note(saved.address(), "not in this host any more; its journal is deleted");
      return;
    }
    if (device.isWithVfio()) {
      new DeviceHolders(host.files()).requireNone(device);
    }
    host.journals().save(journal.with(State.GIVING_BACK, host.self()));
    binding.restore(saved.driver(), saved.driverOverride());
    restoreSettings(binding, saved);
    new NetdevNames(host, device).restore(saved.netdevs());
    host.journals().delete(saved.address());
    host.note(saved.address(), describe(saved));
  }

  /** These are worth a note, but not worth keeping the device from its host. */
  private void restoreSettings(Binding binding, SavedDevice saved) {
    restoreSetting(binding, "reset_method", saved.resetMethod());
    restoreSetting(binding, "power/control", saved.powerControl());
    if (saved.sriovNumVfs() > 0) {
      restoreSetting(binding, "sriov_numvfs", Long.toString(saved.sriovNumVfs()));
    }
  }

  private void restoreSetting(Binding binding, String name, String text) {
    try {
      binding.attribute(name, text);
    } catch (BindingException e) {
      host.note(
          binding.device().address(), name + " was \"" + text + "\" and is not: " + e.getMessage());
    }
  }

  private static String describe(SavedDevice saved) {
    return saved.driver().isEmpty()
        ? "given back; no driver had it"
        : "given back to " + saved.driver();
  }
}
