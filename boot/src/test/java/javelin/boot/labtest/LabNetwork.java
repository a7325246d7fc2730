package javelin.boot.labtest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javelin.passthrough.host.HostAddress;
import javelin.vmm.linux.HostFiles;

/** The lab host's end of its networks. */
final class LabNetwork {
  private static final long WAIT_MILLIS = 20_000;

  private LabNetwork() {}

  /** Brings up the interface of a virtio network device with an address of a /24. */
  static void address(HostAddress device, String ip) throws IOException, InterruptedException {
    HostFiles host = HostFiles.system();
    String virtio = await(() -> virtio(host, device), "the driver of " + device);
    String name = await(() -> host.names(virtio + "/net"), "the interface of " + device);
    up(name, ip);
  }

  /** Brings up an interface of the host's with an address of a /24. */
  static void up(String name, String ip) throws IOException, InterruptedException {
    Process process = new ProcessBuilder("busybox", "ifconfig", name, ip, "up").inheritIO().start();
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private static List<String> virtio(HostFiles host, HostAddress device) {
    return host.names(device.sysfs()).stream()
        .filter(name -> name.matches("virtio\\d+"))
        .map(name -> device.sysfs() + "/" + name)
        .toList();
  }

  /** The first of the names that come within a while. */
  static String await(Supplier<List<String>> names, String what) throws InterruptedException {
    for (long waited = 0; waited < WAIT_MILLIS; waited += 100) {
      List<String> found = names.get();
      if (!found.isEmpty()) {
        return found.get(0);
      }
      Thread.sleep(100);
    }
    throw new AssertionError("the lab's host never showed " + what);
  }
}
