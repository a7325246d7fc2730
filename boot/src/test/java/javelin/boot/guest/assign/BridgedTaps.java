package javelin.boot.guest.assign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the guest on two taps of a bridge, in a namespace of users and networks of its own, so that
 * the host's network hears nothing of it.
 */
public final class BridgedTaps {
  private static final int SECONDS = 150;

  /** What the script ends with where the taps cannot be made. */
  private static final int NOT_PERMITTED = 77;

  private static final String SCRIPT =
      """
      PATH=$PATH:/usr/sbin:/sbin
      make() {
        for tap in a b; do
          ip tuntap add $tap mode tap || return
        done
        ip link add bridge0 type bridge || return
        for link in bridge0 a b; do
          echo 1 > /proc/sys/net/ipv6/conf/$link/disable_ipv6
          ip link set dev $link up || return
        done
        ip link set dev a master bridge0 && ip link set dev b master bridge0
      }
      make || exit %d
      exec "$@"
      """
          .formatted(NOT_PERMITTED);

  private BridgedTaps() {}

  /** What the guest wrote; skips the test where such a network cannot be made. */
  public static String virtioCheck(Path folder) throws Exception {
    File console = folder.resolve("taps").toFile();
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    Process process =
        new ProcessBuilder(
                List.of(
                    "unshare",
                    "--map-root-user",
                    "--net",
                    "sh",
                    "-c",
                    SCRIPT,
                    "taps",
                    java,
                    "-XX:TieredStopAtLevel=1",
                    "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "javelin.boot.cli.Main",
                    "run",
                    "--guest",
                    "virtio-check",
                    "--net",
                    "tap=a",
                    "--net",
                    "tap=b",
                    "--memory",
                    "64M",
                    "--cpus",
                    "1",
                    "--timeout",
                    "120s"))
            .redirectErrorStream(true)
            .redirectOutput(console)
            .redirectInput(new File("/dev/null"))
            .start();
    try {
      boolean hasEnded = process.waitFor(SECONDS, TimeUnit.SECONDS);
      String text = Files.readString(console.toPath());
      assertThat(hasEnded).as(text).isTrue();
      boolean isPermitted = process.exitValue() != NOT_PERMITTED && !text.startsWith("unshare:");
      assumeTrue(isPermitted, "no taps on a bridge can be made here: " + text.strip());
      assertThat(process.exitValue()).as(text).isZero();
      return text;
    } finally {
      process.destroyForcibly();
    }
  }
}
