package javelin.perf.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import javelin.vmm.linux.HostFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuPeerTest {
  @TempDir Path root;

  @Test
  void shouldHaveTheHostsProcessorWithTheFeaturesAskedFor() throws Exception {
    HostFiles intel = host("GenuineIntel");

    assertThat(QemuPeer.onKvm(intel, "")).containsExactly("-accel", "kvm", "-cpu", "host");
    assertThat(QemuPeer.onKvm(intel, "-kvm-pv-eoi")).endsWith("host,-kvm-pv-eoi");
  }

  @Test
  void shouldLeaveOutWhatAmdsProcessorsDoNotHave() throws Exception {
    assertThat(QemuPeer.onKvm(host("AuthenticAMD"), "-x2apic"))
        .endsWith("host,-arch-capabilities,-x2apic");
  }

  private HostFiles host(String vendor) throws Exception {
    Files.createDirectories(root.resolve("proc"));
    Files.writeString(
        root.resolve("proc/cpuinfo"), "processor\t: 0\nvendor_id\t: " + vendor + "\n");
    return new HostFiles(root);
  }
}
