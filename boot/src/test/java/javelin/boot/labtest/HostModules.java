package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.boot.lab.LabKernel;

/** Modules of the lab host's kernel, which has no index of them for modprobe. */
final class HostModules {
  private HostModules() {}

  /** Loads them and what they need, but for those that are loaded. */
  static void load(LabKernel kernel, Path folder, String... names) throws IOException {
    Map<String, byte[]> modules = kernel.modulesInOrder(List.of(names), List.of());
    for (Map.Entry<String, byte[]> module : modules.entrySet()) {
      if (!Files.exists(Path.of("/sys/module", module.getKey().replace('-', '_')))) {
        Path file = Files.write(folder.resolve(module.getKey() + ".ko"), module.getValue());
        assertThat(HostSays.of("busybox insmod " + file)).as(module.getKey()).isEmpty();
      }
    }
  }
}
