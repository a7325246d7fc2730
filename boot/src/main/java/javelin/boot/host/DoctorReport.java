package javelin.boot.host;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javelin.boot.host.Fact.State;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.verdict.Verdict.Kind;
import javelin.passthrough.preflight.CheckResult;
import javelin.passthrough.preflight.Finding;
import javelin.passthrough.preflight.GuestLayout;
import javelin.passthrough.preflight.Preflight;
import javelin.passthrough.preflight.WantedDevice;

/** What stands against giving a host's devices to a guest, as a report. */
public final class DoctorReport {
  private static final String ABILITY = "Assign devices";

  private final Preflight preflight;
  private final GuestLayout guest;
  private final KvmProbe kvm;
  private final Verdict guests;
  private final List<CheckResult> host;

  /**
   * Looks at a host.
   *
   * @param guest what a guest with devices would ask of it
   * @param kvm what its KVM says
   */
  public DoctorReport(Preflight preflight, GuestLayout guest, KvmProbe kvm) {
    this.preflight = preflight;
    this.guest = guest;
    this.kvm = kvm;
    guests = new KvmFacts(kvm).verdict();
    host = preflight.host(guest);
  }

  /** The whole host: whether any device can be assigned, with what its group asks for. */
  public HostReport ofAll() {
    Collection<HostDevice> devices = preflight.inventory().devices();
    List<Fact> facts = devices.stream().map(this::device).toList();
    long ready = facts.stream().filter(fact -> fact.state() == State.OK).count();
    return report(
        ready > 0,
        String.format("%d of %d PCI devices could go to a guest now", ready, devices.size()),
        facts);
  }

  /**
   * Whether some devices can be assigned to one guest.
   *
   * @throws javelin.passthrough.host.NoSuchDeviceException where there is no such device
   */
  public HostReport of(List<HostAddress> addresses) {
    List<HostDevice> devices = preflight.inventory().devices(addresses);
    List<Finding> findings = findings(devices);
    List<Fact> facts = new ArrayList<>();
    devices.stream()
        .filter(device -> findings.stream().noneMatch(finding -> isAbout(finding, device)))
        .map(this::verdict)
        .forEach(facts::add);
    findings.stream().map(DoctorReport::fact).forEach(facts::add);
    return report(
        facts.stream().noneMatch(fact -> fact.state() == State.BLOCKS),
        devices.size() == 1 ? devices.get(0).address() + " to a guest" : "all of them to one guest",
        facts);
  }

  private static boolean isAbout(Finding finding, HostDevice device) {
    return finding.subject().equals(device.address().toString());
  }

  private HostReport report(boolean possible, String reach, List<Fact> devices) {
    String against =
        host.stream()
            .flatMap(result -> result.findings().stream())
            .filter(Finding::isBlocking)
            .map(Finding::subject)
            .collect(Collectors.joining(", "));
    Verdict assignment =
        !guests.possible()
            ? new Verdict(ABILITY, false, "no guest runs here")
            : !against.isEmpty()
                ? new Verdict(ABILITY, false, "the host stands against it: " + against)
                : new Verdict(ABILITY, possible, possible ? reach : "see each device below");
    return new HostReport(
        List.of(guests, assignment),
        List.of(new Section("Host", hostFacts()), new Section("PCI devices", devices)));
  }

  private List<Fact> hostFacts() {
    Fact node =
        guests.possible()
            ? new Fact(kvm.device(), State.OK, "present", "")
            : new Fact(kvm.device(), State.BLOCKS, guests.reason(), "");
    return Stream.concat(Stream.of(node), host.stream().flatMap(DoctorReport::facts)).toList();
  }

  private static Stream<Fact> facts(CheckResult result) {
    State good = result.isTold() ? State.OK : State.PLAIN;
    return result.findings().isEmpty()
        ? Stream.of(new Fact(result.topic(), good, result.state(), ""))
        : result.findings().stream().map(DoctorReport::fact);
  }

  private static Fact fact(Finding finding) {
    State state = finding.isBlocking() ? State.BLOCKS : State.WARNS;
    return new Fact(finding.subject(), state, finding.problem(), finding.remedy());
  }

  /** A device with what its group asks for: its verdict, or else what stands against it now. */
  private Fact device(HostDevice device) {
    Fact verdict = verdict(device);
    if (verdict.state() != State.OK) {
      return verdict;
    }
    List<HostAddress> set = new ArrayList<>(List.of(device.address()));
    set.addAll(preflight.verdict(device).companions());
    String against =
        findings(preflight.inventory().devices(set)).stream()
            .filter(Finding::isBlocking)
            .map(
                finding ->
                    isAbout(finding, device)
                        ? finding.problem() + "; " + finding.remedy()
                        : finding.text())
            .collect(Collectors.joining("; "));
    return against.isEmpty() ? verdict : new Fact(verdict.name(), State.BLOCKS, "not now", against);
  }

  private Fact verdict(HostDevice device) {
    javelin.passthrough.host.verdict.Verdict verdict = preflight.verdict(device);
    State state =
        switch (verdict.kind()) {
          case ASSIGNABLE, WITH_GROUP -> State.OK;
          case NEVER -> State.PLAIN; // As it should be.
          case IN_USE, NO_RESET, NO_IOMMU -> State.BLOCKS;
        };
    // Why a host has no IOMMU at all is said of the host, once.
    boolean isSaid = verdict.kind() == Kind.NO_IOMMU && !preflight.inventory().hasGroups();
    return new Fact(
        device.address().toString(), state, verdict.kind().words(), isSaid ? "" : verdict.reason());
  }

  /** Devices that vfio-pci has are looked at as such, the others as those that it will have. */
  private List<Finding> findings(List<HostDevice> devices) {
    List<WantedDevice> wanted =
        devices.stream()
            .map(device -> new WantedDevice(device.address(), device.isTaken(), false))
            .toList();
    return preflight.devices(wanted, guest, false);
  }
}
