package javelin.passthrough.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import javelin.passthrough.binding.DeviceHolders;
import javelin.passthrough.preflight.DevicePlan.Device;
import javelin.vmm.linux.HostFiles;

/**
 * Whether this process may take devices, or open those that are taken, and nobody else has them.
 */
final class AccessCheck implements DeviceCheck {
  private final HostFiles files;
  private final Predicate<String> mayOpen;

  AccessCheck(HostFiles files, Predicate<String> mayOpen) {
    this.files = files;
    this.mayOpen = mayOpen;
  }

  @Override
  public List<Finding> findings(DevicePlan plan) {
    List<Finding> findings = new ArrayList<>();
    for (Device device : plan.devices()) {
      new DeviceHolders(files)
          .of(device.host().address())
          .forEach(holder -> findings.add(held(device, holder)));
      if (!device.wanted().isTaken()) {
        addTaking(device, findings);
      } else if (device.host().isTaken()) {
        addNode(device, findings);
      } else {
        findings.add(notTaken(device));
      }
    }
    return findings;
  }

  private static Finding held(Device device, String holder) {
    return Finding.blocks(device.name(), holder, "end that first");
  }

  private static Finding notTaken(Device device) {
    return Finding.blocks(
        device.name(),
        "not taken, " + device.host().driver().orElse("no driver") + " has it",
        "as root: javelin pci take " + device.name());
  }

  private void addTaking(Device device, List<Finding> findings) {
    if (!mayOpen.test(device.host().address().sysfs() + "/driver_override")) {
      findings.add(
          Finding.blocks(
              device.name(),
              "taking a device from its driver needs root",
              "as root: javelin pci take " + device.name() + ", and then --assign-taken"));
    }
  }

  private void addNode(Device device, List<Finding> findings) {
    device
        .host()
        .group()
        .map(group -> "/dev/vfio/" + group.number())
        .flatMap(node -> nodeProblem(device, node))
        .ifPresent(findings::add);
  }

  private Optional<Finding> nodeProblem(Device device, String node) {
    if (!files.exists(node)) {
      return Optional.of(
          Finding.blocks(
              node,
              "no such node, though " + device.name() + " is taken",
              ContainerCheck.MISSING_REMEDY));
    }
    return mayOpen.test(node)
        ? Optional.empty()
        : Optional.of(
            Finding.blocks(
                node,
                "this user may not open it",
                "as root: chown $USER " + node + ", for this one group"));
  }
}
