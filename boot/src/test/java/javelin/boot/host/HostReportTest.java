package javelin.boot.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.boot.host.Fact.State;
import javelin.vmm.kvm.KvmCapability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostReportTest {
  @TempDir Path root;

  private Verdict verdict(HostReport report, String ability) {
    return report.verdicts().stream()
        .filter(verdict -> verdict.ability().equals(ability))
        .findFirst()
        .orElseThrow();
  }

  private Fact fact(HostReport report, String title, String name) {
    return report.sections().stream()
        .filter(section -> section.title().equals(title))
        .findFirst()
        .orElseThrow()
        .fact(name);
  }

  @Test
  void shouldSayYesThreeTimesWhenServerHasEverything() {
    HostReport report = HostReport.of(new FakeHost(root).server().files(), FakeHost.kvm());

    assertThat(report.verdicts())
        .containsExactly(
            new Verdict("Run guests", true, "with up to 64 CPUs each"),
            new Verdict("Huge pages", true, "192 of 2M free"),
            new Verdict("Assign devices", true, "2 IOMMU groups"));
    assertThat(report.sections().stream().flatMap(section -> section.facts().stream()))
        .noneMatch(fact -> fact.state() == State.MISSING);
  }

  @Test
  void shouldReadFactsOfServer() {
    HostReport report = HostReport.of(new FakeHost(root).server().files(), FakeHost.kvm());

    assertThat(fact(report, "CPU", "Model").value()).isEqualTo("Some Processor");
    assertThat(fact(report, "CPU", "Online").value()).isEqualTo("2 CPUs");
    assertThat(fact(report, "CPU", "Virtualisation").value()).isEqualTo("VMX (Intel)");
    assertThat(fact(report, "CPU", "KVM back end").value()).isEqualTo("kvm_intel");
    assertThat(fact(report, "CPU", "This host is").value()).isEqualTo("physical");
    assertThat(fact(report, "CPU", "Nested guests").state()).isEqualTo(State.OK);
    assertThat(fact(report, "CPU", "APIC virtualisation").value()).isEqualTo("off");
    assertThat(fact(report, "CPU", "Invariant TSC").state()).isEqualTo(State.OK);
    assertThat(fact(report, "Memory", "RAM").value()).isEqualTo("1024 MiB, 512 MiB available");
    assertThat(fact(report, "Memory", "Page size").value()).isEqualTo("4K");
    assertThat(fact(report, "Memory", "Huge pages of 2M"))
        .isEqualTo(
            new Fact("Huge pages of 2M", State.OK, "256 reserved, 192 free", "--hugepages 2M"));
    assertThat(fact(report, "Memory", "Huge pages of 1G").state()).isEqualTo(State.ABSENT);
    assertThat(fact(report, "Memory", "THP, shared memory").value()).isEqualTo("advise");
    assertThat(fact(report, "Memory", "RLIMIT_MEMLOCK").value()).isEqualTo("unlimited");
    assertThat(fact(report, "Device assignment", "IOMMU").value()).isEqualTo("dmar0");
    assertThat(fact(report, "Device assignment", "IOMMU groups").value())
        .isEqualTo("2 with 3 devices");
    assertThat(fact(report, "Device assignment", "Interrupt remapping").value()).isEqualTo("on");
    assertThat(fact(report, "Device assignment", "VFIO groups bound").value()).isEqualTo("1");
    assertThat(fact(report, "System", "Linux").value()).isEqualTo("6.1.0-test");
  }

  @Test
  void shouldReportAbsenceWhenTreeIsEmpty() {
    HostReport report =
        HostReport.of(
            new FakeHost(root).files(),
            new KvmProbe("/dev/kvm", -1, 0, Map.of(), "/dev/kvm is missing: load the module"));

    assertThat(verdict(report, "Run guests"))
        .isEqualTo(new Verdict("Run guests", false, "/dev/kvm is missing: load the module"));
    assertThat(verdict(report, "Huge pages").reason()).startsWith("none are reserved: echo 256 >");
    assertThat(verdict(report, "Assign devices").reason())
        .startsWith("no IOMMU: switch on VT-d or AMD-Vi");
    assertThat(fact(report, "KVM", "/dev/kvm").state()).isEqualTo(State.MISSING);
    assertThat(fact(report, "CPU", "Model").value()).isEqualTo("unknown");
  }

  @Test
  void shouldNameCapabilityWhenKvmLacksARequiredOne() {
    HostReport report =
        HostReport.of(
            new FakeHost(root).server().files(), FakeHost.kvmWithout(KvmCapability.IRQFD));

    assertThat(verdict(report, "Run guests"))
        .isEqualTo(new Verdict("Run guests", false, "KVM lacks KVM_CAP_IRQFD: use a newer kernel"));
    assertThat(fact(report, "KVM", "IRQFD").state()).isEqualTo(State.MISSING);
  }

  @Test
  void shouldStillRunGuestsWhenKvmLacksAnOptionalCapability() {
    HostReport report =
        HostReport.of(
            new FakeHost(root).server().files(), FakeHost.kvmWithout(KvmCapability.TSC_CONTROL));

    assertThat(verdict(report, "Run guests").possible()).isTrue();
    assertThat(fact(report, "KVM", "TSC_CONTROL").state()).isEqualTo(State.ABSENT);
  }

  @Test
  void shouldRefuseAssignmentWhenInterruptsAreNotRemapped() {
    FakeHost host = new FakeHost(root).server().file("proc/interrupts", "  24:  0  PCI-MSI eth0\n");

    Verdict verdict = verdict(HostReport.of(host.files(), FakeHost.kvm()), "Assign devices");

    assertThat(verdict.possible()).isFalse();
    assertThat(verdict.reason()).contains("interrupts are not remapped");
  }

  @Test
  void shouldShowLockLimitWhenThereIsOne() {
    FakeHost host =
        new FakeHost(root)
            .server()
            .file("proc/self/limits", "Max locked memory         8388608   8388608   bytes\n");

    assertThat(fact(HostReport.of(host.files(), FakeHost.kvm()), "Memory", "RLIMIT_MEMLOCK"))
        .extracting(Fact::state, Fact::value)
        .containsExactly(State.ABSENT, "8M");
  }

  @Test
  void shouldFitEightyColumnsWithEveryNeedNamed() {
    HostReport report = HostReport.of(new FakeHost(root).server().files(), FakeHost.kvm());

    List<String> lines = ReportText.lines(report);

    assertThat(lines.subList(0, lines.size()))
        .filteredOn(line -> !line.contains(System.getProperty("java.home")))
        .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    assertThat(lines.get(0)).isEqualTo("Run guests      yes  with up to 64 CPUs each");
    assertThat(String.join(" ", lines).replaceAll("\\s+", " "))
        .contains("ok IRQFD yes interrupts from eventfds")
        .contains("ok Huge pages of 2M 256 reserved, 192 free --hugepages 2M");
  }

  @Test
  void shouldWriteJsonThatEscapesText() {
    HostReport report =
        new HostReport(
            List.of(new Verdict("Run \"guests\"", false, "a\\b\n")),
            List.of(
                new Section(
                    "KVM", List.of(new Fact("x", State.OK, "1", "all"), Fact.plain("y", "")))));

    assertThat(ReportJson.of(report).replaceAll("\\s+", " "))
        .isEqualTo(
            "{ \"verdicts\": [ {\"ability\": \"Run \\\"guests\\\"\", \"possible\": false,"
                + " \"reason\": \"a\\\\b\\u000a\"}], \"sections\": [ {\"title\": \"KVM\","
                + " \"facts\": [ {\"name\": \"x\", \"state\": \"ok\", \"value\": \"1\","
                + " \"neededFor\": \"all\"}, {\"name\": \"y\", \"state\": \"plain\","
                + " \"value\": \"\", \"neededFor\": \"\"}]}] }");
  }

  @Test
  void shouldReadWidthOfPhysicalAddresses() {
    FakeHost host = new FakeHost(root);

    assertThat(new CpuFacts(host.files()).addressBits()).isEqualTo(36);
    assertThat(new CpuFacts(host.server().files()).addressBits()).isEqualTo(46);
  }
}
