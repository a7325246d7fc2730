package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A network card with virtual functions: they can be assigned, and it cannot while they are on. */
@Tag("lab")
@Tag("devices")
@Tag("once")
@Timeout(600)
final class SriovTest {
  private static final int START_ERROR = 4;

  @TempDir Path folder;

  private Launcher launcher;
  private HostAddress card;

  @BeforeEach
  void switchTwoFunctionsOn() throws Exception {
    launcher = new Launcher(folder);
    card = LabPci.find("8086", "10c9", 0);
    Files.writeString(functions(), "2");
  }

  @AfterEach
  void switchThemOff() throws Exception {
    launcher.endAll();
    if (card != null) {
      Files.writeString(functions(), "0");
    }
  }

  private Path functions() {
    return HostFiles.system().path(card.sysfs() + "/sriov_numvfs");
  }

  @Test
  void shouldAssignAVirtualFunctionButNotTheCardBehindIt() throws Exception {
    HostAddress first = LabPci.find("8086", "10ca", 0);
    HostAddress second = LabPci.find("8086", "10ca", 1);

    Launcher.Run whole = launcher.start("card", List.of("run", "--assign", card.toString()));
    assertThat(whole.exitCode()).as(whole.output()).isEqualTo(START_ERROR);
    assertThat(whole.output()).contains("virtual functions", first.toString(), second.toString());
    assertThat(LabPci.driver(card)).isEqualTo("igb");

    Launcher.Run run =
        launcher.start(
            "function",
            List.of(
                "run",
                "--guest",
                "assign-check",
                "--memory",
                "128M",
                "--assign",
                first.toString()));
    assertThat(run.exitCode()).as(run.output()).isZero();
    assertThat(run.output())
        .contains("reset: FLR by PCI Express: ok", "checks passed")
        .doesNotContain("FAILED");
    assertThat(LabPci.driver(first)).isEmpty();
  }
}
