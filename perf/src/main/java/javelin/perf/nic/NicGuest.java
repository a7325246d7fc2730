package javelin.perf.nic;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The Linux guest of all sides.
 *
 * @param launcher starts Javelin
 * @param kernel a bzImage
 * @param initrd its initramfs
 * @param features CPU features that are switched; may be empty
 * @param force the card is taken also where the host uses it
 * @param limit how long it may run, also when nobody is there any more who could end it
 */
record NicGuest(
    String launcher, Path kernel, Path initrd, String features, boolean force, Duration limit) {
  static final int MEGABYTES = 256;

  private static final String APPEND = "console=ttyS0 quiet panic=-1";

  /** What starts it. */
  List<String> command(NicSide side) {
    List<String> words = new ArrayList<>(List.of(launcher, "run"));
    words.addAll(List.of("--kernel", kernel.toString(), "--initrd", initrd.toString()));
    words.addAll(List.of("--append", APPEND, "--memory", MEGABYTES + "M", "--cpus", "1"));
    words.addAll(List.of("--timeout", limit.toMillis() + "ms"));
    if (!features.isEmpty()) {
      words.add("--cpu=" + features);
    }
    if (side.isVirtio()) {
      words.addAll(List.of("--net", "tap=" + BridgedTap.TAP));
    } else {
      words.addAll(List.of("--assign", side.assign()));
      if (force) {
        words.add("--force");
      }
    }
    return words;
  }
}
