package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.use.BlockDevices;
import javelin.passthrough.host.use.Netdevs;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/**
 * What taking a device from the host does, step by step, and what giving it back does: the same
 * steps as {@link Take} and {@link GiveBack}, in words. Nothing of it is done here.
 *
 * @param take the steps of taking it; empty where it is taken by now
 * @param losses what the host has no more from then on, a clause each
 * @param giveBack the steps of giving it back
 */
public record TakePlan(List<TakeStep> take, List<String> losses, List<TakeStep> giveBack) {
  /** Keeps copies of the lists. */
  public TakePlan {
    take = List.copyOf(take);
    losses = List.copyOf(losses);
    giveBack = List.copyOf(giveBack);
  }

  /** The plan for a device, as the host is now. */
  public static TakePlan of(HostFiles files, HostDevice device) {
    return of(files, new JournalFolder(Linux.system(), JournalFolder.systemFolder()), device);
  }

  static TakePlan of(HostFiles files, JournalFolder journals, HostDevice device) {
    String journal = journals.file(device.address()).toString();
    if (device.isTaken()) {
      String driver = device.driver().orElseThrow();
      return new TakePlan(
          List.of(), List.of(), giveBack(device, driver, journal, saved(journals, device)));
    }
    Optional<VariantDriver> variant = VariantDriver.of(files, device.address());
    // A module that is not loaded is expected to call its driver after itself.
    String driver =
        variant.map(found -> found.name(files).orElse(found.module())).orElse(Binding.VFIO_PCI);
    SavedDevice saved = SavedDevice.of(files, device.address());
    return new TakePlan(
        take(files, device, variant, driver, journal),
        losses(files, device),
        giveBack(device, driver, journal, Optional.of(saved)));
  }

  /** How a device that is taken was before; empty where no journal says it. */
  private static Optional<SavedDevice> saved(JournalFolder journals, HostDevice device) {
    try {
      return journals.load(device.address()).map(Journal::saved);
    } catch (BindingException e) {
      return Optional.empty();
    }
  }

  private static List<TakeStep> take(
      HostFiles files,
      HostDevice device,
      Optional<VariantDriver> variant,
      String driver,
      String journal) {
    String sysfs = device.address().sysfs();
    String address = device.address().toString();
    List<TakeStep> steps = new ArrayList<>();
    if (!files.exists(Take.VFIO_DRIVER)) {
      steps.add(TakeStep.of("load the driver: modprobe " + Binding.VFIO_PCI));
    }
    variant
        .filter(found -> found.name(files).isEmpty())
        .ifPresent(
            found ->
                steps.add(TakeStep.of("load its own driver of VFIO: modprobe " + found.module())));
    steps.add(
        new TakeStep("write down its driver, override and settings in a journal", journal, ""));
    steps.add(
        new TakeStep(
            "let only " + driver + " bind to it", sysfs + "/driver_override", driver + "\n"));
    device
        .driver()
        .ifPresent(
            bound ->
                steps.add(
                    new TakeStep("unbind its driver " + bound, sysfs + "/driver/unbind", address)));
    steps.add(new TakeStep("have " + driver + " bind to it", Binding.PROBE, address));
    device
        .group()
        .ifPresent(
            group -> steps.add(TakeStep.of("wait for its node /dev/vfio/" + group.number())));
    return steps;
  }

  private static List<String> losses(HostFiles files, HostDevice device) {
    List<String> losses = new ArrayList<>();
    for (String name : new Netdevs(files).of(device)) {
      losses.add("network interface " + name);
    }
    BlockDevices blocks = new BlockDevices(files);
    for (String disk : blocks.disks(device)) {
      List<String> partitions = blocks.partitions(disk);
      String with = partitions.isEmpty() ? "" : " with " + String.join(", ", partitions);
      losses.add("disk " + disk + with);
    }
    return losses;
  }

  private static List<TakeStep> giveBack(
      HostDevice device, String vfioDriver, String journal, Optional<SavedDevice> saved) {
    if (saved.isEmpty()) {
      return List.of(
          TakeStep.of(
              "not know its driver of before: Javelin has not taken it, or no journal is readable"));
    }
    String sysfs = device.address().sysfs();
    String address = device.address().toString();
    String override = saved.get().driverOverride();
    String driver = saved.get().driver();
    List<TakeStep> steps = new ArrayList<>();
    steps.add(
        new TakeStep(
            "let " + (override.isEmpty() ? "any driver" : "only " + override) + " bind to it",
            sysfs + "/driver_override",
            override + "\n"));
    steps.add(new TakeStep("unbind " + vfioDriver, sysfs + "/driver/unbind", address));
    if (!driver.isEmpty()) {
      steps.add(new TakeStep("have " + driver + " bind to it", Binding.PROBE, address));
      steps.add(
          TakeStep.of(
              "restore what " + driver + " lets be set: reset method, power, names of interfaces"));
    }
    steps.add(new TakeStep("remove the journal", journal, ""));
    return steps;
  }
}
