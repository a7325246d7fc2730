package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** On this host, whatever it has; what is printed for which host is tested without commands. */
class DoctorCommandTest {
  /** On the last bus of the last domain that a test may expect to be empty. */
  private static final String NONE = "ffff:ff:1f.7";

  @Test
  void shouldExamineThisHostAsTextAndAsJson() {
    CommandRun text = CommandRun.of("doctor");
    CommandRun json = CommandRun.of("doctor", "--json", "--memory", "2G");

    assertThat(text.exitCode()).isIn(ExitCode.OK, ExitCode.START_ERROR);
    assertThat(text.out()).contains("Assign devices", "/dev/kvm", "IOMMU", "RLIMIT_MEMLOCK");
    assertThat(text.out().contains("!!") || text.exitCode() == ExitCode.OK).isTrue();
    assertThat(text.err()).isEmpty();
    assertThat(json.exitCode()).isEqualTo(text.exitCode());
    assertThat(json.out())
        .startsWith("{\n  \"verdicts\": [")
        .contains("\"title\": \"PCI devices\"");
  }

  @Test
  void shouldRefuseWhatIsNoAddressNoSizeOrNotThere() {
    assertRefused(CommandRun.of("doctor", "eth0"), "javelin: \"eth0\" is no PCI address");
    assertRefused(CommandRun.of("doctor", NONE), "javelin: " + NONE + ": no such PCI device");
    assertRefused(
        CommandRun.of("doctor", "--memory", "much"), "javelin: --memory much: write a number");
    assertRefused(CommandRun.of("doctor", "--memory", "0"), "javelin: --memory 0: ");
  }

  private static void assertRefused(CommandRun run, String message) {
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith(message);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void shouldDocumentItsExitCodes() {
    assertThat(CommandRun.of("doctor", "--help").out())
        .contains("[BDF...]", "--memory", "--json")
        .containsPattern("(?s)0 +a device can be assigned now.*2 +the arg.*4 +something stands");
  }

  @Test
  void shouldExamineBeforeRunTakesDevices() {
    CommandRun run = CommandRun.of("run", "--serial", "null", "--assign", NONE);

    assertThat(run.exitCode()).isEqualTo(ExitCode.START_ERROR);
    assertThat(run.err().lines())
        .allMatch(line -> line.startsWith("javelin: "))
        .contains(
            "javelin: " + NONE + ": no such PCI device; javelin pci list shows those of this host");
  }
}
