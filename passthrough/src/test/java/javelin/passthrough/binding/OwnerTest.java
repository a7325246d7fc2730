package javelin.passthrough.binding;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.Test;

class OwnerTest {
  private final HostFiles files = HostFiles.system();

  @Test
  void shouldKnowItselfByNumberAndStart() {
    Owner self = Owner.self(files);
    assertThat(self.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(self.startTime()).isPositive();
    assertThat(self.isAlive(files)).isTrue();
    assertThat(new Owner(self.pid(), self.startTime() + 1).isAlive(files)).isFalse();
    assertThat(Owner.describe(files, self.pid())).startsWith("process " + self.pid() + " (");
  }

  @Test
  void shouldSeeTheEndOfAProcess() throws Exception {
    Process sleep = new ProcessBuilder(List.of("sleep", "60")).start();
    String stat = files.text("/proc/" + sleep.pid() + "/stat").orElseThrow();
    Owner owner = new Owner(sleep.pid(), Long.parseLong(stat.split(" ", -1)[21]));
    assertThat(owner.isAlive(files)).isTrue();
    sleep.destroyForcibly().waitFor();
    assertThat(owner.isAlive(files)).isFalse();
    assertThat(Owner.describe(files, owner.pid())).isEqualTo("process " + owner.pid());
  }
}
