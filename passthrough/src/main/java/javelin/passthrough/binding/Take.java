package javelin.passthrough.binding;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.binding.Journal.State;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.Resources;

/**
 * Takes a set of devices from the host for vfio-pci or a variant of it: all of them, or none. What
 * processes that are gone have left is recovered first.
 */
final class Take {
  static final String VFIO_DRIVER = "/sys/bus/pci/drivers/" + Binding.VFIO_PCI;

  /** What was taken. */
  record Taken(List<Journal> journals, Resources locks) {}

  private final BindingHost host;

  Take(BindingHost host) {
    this.host = host;
  }

  /**
   * Takes {@code devices}.
   *
   * @param force take also what the host uses
   * @param goal {@link State#TAKEN} or {@link State#HELD}
   * @return the devices' journals, in order, and their locks
   * @throws BindingException where one cannot be taken; then all are as they were, but for one that
   *     the kernel is still busy with, which keeps its journal
   */
  Taken run(List<HostAddress> devices, boolean force, State goal) {
    List<HostAddress> set = devices.stream().distinct().toList();
    set.forEach(this::requirePermission);
    Recovery.run(host).problems().forEach(host::note);
    Resources locks = new Resources();
    try {
      set.forEach(address -> locks.own(host.lock(address)));
      set.forEach(this::requireNoJournal);
      host.guard().require(set, force);
      set.forEach(this::requireGroup);
      loadVfio();
      return new Taken(bindAll(set, goal), locks);
    } catch (RuntimeException e) {
      locks.closeAfter(e);
      throw e;
    }
  }

  private void requirePermission(HostAddress address) {
    DeviceFiles device = host.device(address);
    if (!device.exists()) {
      throw new BindingException(
          address + ": no such PCI device; javelin pci list shows those of this host");
    }
    if (!host.control().mayWrite(device.path("driver_override"))) {
      throw new BindingException(
          address
              + ": taking a device from its driver needs root; as root: javelin pci take "
              + address
              + ", and then --assign-taken");
    }
  }

  private void requireNoJournal(HostAddress address) {
    host.journals()
        .load(address)
        .ifPresent(
            journal -> {
              throw new BindingException(
                  address
                      + (journal.state() == State.TAKEN
                          ? ": already taken by hand; give it back first (javelin pci give-back "
                              + address
                              + "), or assign it with --assign-taken"
                          : ": left half-way by a process that is gone, and not yet recovered; javelin"
                              + " pci recover says why"));
            });
  }

  private void requireGroup(HostAddress address) {
    if (host.device(address).group().isEmpty()) {
      throw new BindingException(
          address + ": in no IOMMU group, so no guest can be kept inside its memory with it");
    }
  }

  private void loadVfio() {
    if (host.files().exists(VFIO_DRIVER)) {
      return;
    }
    HostControl.Outcome outcome = host.control().run(List.of("modprobe", Binding.VFIO_PCI));
    if (!host.files().exists(VFIO_DRIVER)) {
      throw new BindingException(
          "the kernel has no driver vfio-pci, and modprobe vfio-pci ended with "
              + outcome.exitCode()
              + (outcome.complaint().isEmpty() ? "" : ": " + outcome.complaint())
              + "; a kernel with CONFIG_VFIO_PCI is needed");
    }
  }

  private List<Journal> bindAll(List<HostAddress> set, State goal) {
    List<Journal> begun = new ArrayList<>();
    try {
      for (HostAddress address : set) {
        SavedDevice saved = SavedDevice.of(host.files(), address);
        Journal journal = new Journal(State.TAKING, saved, host.bootId(), host.self());
        begun.add(journal);
        host.journals().save(journal);
        bind(address);
      }
      begun.forEach(journal -> host.journals().save(journal.with(goal, host.self())));
      return begun;
    } catch (BlockedException e) {
      begun.remove(begun.size() - 1); // The kernel would block on it again.
      undo(begun, e);
      throw e;
    } catch (RuntimeException e) {
      undo(begun, e);
      throw e;
    }
  }

  private void bind(HostAddress address) {
    Binding binding = new Binding(host, address);
    bindToVfio(binding);
    String node = binding.device().vfioNodes().get(0);
    Duration limit = host.patience().node();
    if (!Patience.await(limit, () -> host.files().exists(node))) {
      throw new BindingException(
          address
              + ": bound to "
              + binding.device().driver()
              + ", but "
              + node
              + " has not appeared within "
              + limit.toSeconds()
              + " s; is /dev a devtmpfs, or udev stuck?");
    }
  }

  /** A variant that knows the device goes before vfio-pci; a driver that has it already stays. */
  private void bindToVfio(Binding binding) {
    DeviceFiles device = binding.device();
    if (device.isWithVfio()) {
      binding.toVfio(device.driver());
      return;
    }
    Optional<String> variant =
        VariantDriver.of(host.files(), device.address())
            .flatMap(driver -> load(driver, device.address()));
    if (variant.isPresent()) {
      try {
        binding.toVfio(variant.get());
        return;
      } catch (BlockedException e) {
        throw e;
      } catch (BindingException e) {
        host.note(e.getMessage() + "; vfio-pci takes it instead");
      }
    }
    binding.toVfio(Binding.VFIO_PCI);
  }

  private Optional<String> load(VariantDriver variant, HostAddress address) {
    if (variant.name(host.files()).isEmpty()) {
      HostControl.Outcome outcome = host.control().run(List.of("modprobe", variant.module()));
      if (variant.name(host.files()).isEmpty()) {
        host.note(
            address,
            "its own driver of VFIO is in "
                + variant.module()
                + ", and modprobe of that ended with "
                + outcome.exitCode()
                + (outcome.complaint().isEmpty() ? "" : ": " + outcome.complaint())
                + "; vfio-pci takes it instead");
      }
    }
    return variant.name(host.files());
  }

  private void undo(List<Journal> begun, RuntimeException cause) {
    List<Journal> last = new ArrayList<>(begun);
    Collections.reverse(last);
    for (Journal journal : last) {
      try {
        new GiveBack(host).run(journal);
      } catch (RuntimeException e) {
        host.note(journal.saved().address(), "not given back: " + e.getMessage());
        cause.addSuppressed(e);
      }
    }
  }
}
