package javelin.boot.machine;

import static javelin.devices.virtio.balloon.GuestStatistics.AVAILABLE;
import static javelin.devices.virtio.balloon.GuestStatistics.CACHES;
import static javelin.devices.virtio.balloon.GuestStatistics.FREE;
import static javelin.devices.virtio.balloon.GuestStatistics.MAJOR_FAULTS;
import static javelin.devices.virtio.balloon.GuestStatistics.SWAPPED_IN;
import static javelin.devices.virtio.balloon.GuestStatistics.SWAPPED_OUT;
import static javelin.devices.virtio.balloon.GuestStatistics.TOTAL;
import static javelin.devices.virtio.balloon.GuestStatistics.UNKNOWN;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.balloon.GuestStatistics;
import javelin.devices.virtio.balloon.VirtioBalloon;

/** The balloon of a running guest, in the user's units. Any thread may call. */
public final class GuestBalloon {
  private static final int MIB = 20;

  private final VirtioBalloon device;
  private final long ramSize;

  /**
   * @param ramSize bytes of guest RAM
   */
  GuestBalloon(VirtioBalloon device, long ramSize) {
    this.device = device;
    this.ramSize = ramSize;
  }

  /**
   * Asks the guest to give back as much in all.
   *
   * @param size as {@code 256M}
   * @throws IllegalArgumentException whose message says what is wrong with it
   */
  public void resize(String size) {
    BalloonSpec spec = new BalloonSpec(BalloonSpec.size(size));
    spec.requireRoom(ramSize);
    device.resize(spec.pages());
  }

  /** How large it is, and what the guest has said of its memory, a line each. */
  public List<String> report() {
    return report(device.statistics());
  }

  /**
   * As above, but asks the guest anew.
   *
   * @param millis how long it is waited for
   */
  public List<String> newReport(long millis) throws InterruptedException {
    return report(device.newStatistics(millis));
  }

  private List<String> report(GuestStatistics figures) {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            "balloon: %s of %s that are wanted",
            mebibytes(device.actual() * BalloonSpec.PAGE),
            mebibytes(device.wanted() * BalloonSpec.PAGE)));
    if (figures != null) {
      lines.add(memory(figures, System.nanoTime()));
    }
    return lines;
  }

  static String memory(GuestStatistics figures, long now) {
    List<String> words = new ArrayList<>();
    addSize(words, figures, TOTAL, "in all");
    addSize(words, figures, AVAILABLE, "available");
    addSize(words, figures, FREE, "free");
    addSize(words, figures, CACHES, "of caches");
    addSize(words, figures, SWAPPED_IN, "swapped in");
    addSize(words, figures, SWAPPED_OUT, "swapped out");
    if (figures.get(MAJOR_FAULTS) != UNKNOWN) {
      words.add(Long.toUnsignedString(figures.get(MAJOR_FAULTS)) + " major faults");
    }
    long seconds = TimeUnit.NANOSECONDS.toSeconds(now - figures.time());
    return "guest memory"
        + (seconds > 0 ? " " + seconds + " s ago" : "")
        + ": "
        + (words.isEmpty() ? "no figures" : String.join(", ", words));
  }

  private static void addSize(List<String> words, GuestStatistics figures, int tag, String name) {
    if (figures.get(tag) != UNKNOWN) {
      words.add(mebibytes(figures.get(tag)) + " " + name);
    }
  }

  private static String mebibytes(long bytes) {
    return (bytes >>> MIB) + "M";
  }
}
