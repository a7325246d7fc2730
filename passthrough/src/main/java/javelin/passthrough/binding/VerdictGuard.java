package javelin.passthrough.binding;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.PciNames;
import javelin.passthrough.host.use.DeviceUses;
import javelin.passthrough.host.verdict.Verdict;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.passthrough.host.verdict.Verdicts;
import javelin.vmm.linux.HostFiles;

/**
 * Refuses what the verdicts on this host's devices speak against: what is never assigned, what its
 * IOMMU group binds to devices outside the set, and, unless forced, what the host uses. Whether a
 * device without reset may go to a guest is asked when it does.
 */
final class VerdictGuard implements TakeGuard {
  private final Function<HostAddress, Verdict> verdicts;

  VerdictGuard(Function<HostAddress, Verdict> verdicts) {
    this.verdicts = verdicts;
  }

  /**
   * The guard of a host, which looks anew at each question.
   *
   * @param environment of this process, which may tell that it runs in an SSH session
   */
  static TakeGuard of(HostFiles files, Map<String, String> environment) {
    return (devices, force) -> {
      HostInventory inventory = HostInventory.read(files);
      DeviceUses uses = new DeviceUses(files, environment);
      Verdicts verdicts = new Verdicts(files, inventory, uses, new PciNames(files));
      new VerdictGuard(address -> verdicts.of(inventory.device(address))).require(devices, force);
    };
  }

  @Override
  public void require(List<HostAddress> devices, boolean force) {
    List<String> problems = new ArrayList<>();
    for (HostAddress address : devices) {
      problem(address, devices, force).ifPresent(text -> problems.add(address + ": " + text));
    }
    if (!problems.isEmpty()) {
      throw new BindingException(String.join("\n", problems));
    }
  }

  private Optional<String> problem(HostAddress address, List<HostAddress> set, boolean force) {
    Verdict verdict = verdicts.apply(address);
    if (verdict.kind() == Kind.NEVER || verdict.kind() == Kind.NO_IOMMU) {
      String kind = verdict.kind() == Kind.NEVER ? "never assigned" : "in no IOMMU group";
      return Optional.of(kind + ": " + verdict.reason());
    }
    if (verdict.kind() == Kind.IN_USE && !force) {
      return Optional.of(verdict.reason() + "; --force takes it all the same");
    }
    return set.containsAll(verdict.companions())
        ? Optional.empty()
        : Optional.of(incompleteGroup(address, verdict));
  }

  private static String incompleteGroup(HostAddress address, Verdict verdict) {
    if (verdict.kind() == Kind.WITH_GROUP) {
      return verdict.reason();
    }
    String others = join(verdict.companions(), ", ");
    return String.format(
        "its IOMMU group also holds %s; they go together: javelin pci take %s %s",
        others, address, join(verdict.companions(), " "));
  }

  private static String join(List<HostAddress> addresses, String separator) {
    return addresses.stream().map(HostAddress::toString).collect(Collectors.joining(separator));
  }
}
