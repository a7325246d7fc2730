package javelin.boot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** On this host, whatever it has; what is printed for which host is tested without commands. */
class PciListCommandTest {
  @Test
  void shouldListDevicesOfThisHostAsTextAndAsJson() {
    CommandRun text = CommandRun.of("pci", "list");
    CommandRun json = CommandRun.of("pci", "list", "--json");

    assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(text.out())
        .matches(out -> out.startsWith("ADDRESS") || out.equals("no PCI devices\n"));
    assertThat(json.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(json.out()).startsWith("{\n  \"devices\": [");
  }

  @Test
  void shouldShowDeviceOfThisHost() {
    assumeTrue(
        Files.isDirectory(Path.of("/sys/bus/pci/devices/0000:00:00.0")), "no PCI host bridge here");

    CommandRun text = CommandRun.of("pci", "show", "00:00.0");
    CommandRun json = CommandRun.of("pci", "show", "--json", "00:00.0");

    assertThat(text.exitCode()).isEqualTo(ExitCode.OK);
    assertThat(text.out()).startsWith("0000:00:00.0  ").contains("Verdict: never");
    assertThat(json.out()).contains("\"address\": \"0000:00:00.0\"").contains("\"plans\": []");
  }

  @Test
  void shouldRefuseWhatIsNoAddressOrNotThere() {
    CommandRun nonsense = CommandRun.of("pci", "show", "eth0");
    CommandRun absent = CommandRun.of("pci", "show", "fffe:ff:1f.7");

    assertThat(nonsense.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(nonsense.err()).startsWith("javelin: \"eth0\" is no PCI address");
    assertThat(absent.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(absent.err())
        .startsWith("javelin: fffe:ff:1f.7: no such PCI device; nothing is on bus fffe:ff");
  }
}
