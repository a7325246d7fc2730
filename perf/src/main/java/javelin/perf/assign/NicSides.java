package javelin.perf.assign;

import java.util.ArrayList;
import java.util.List;
import javelin.boot.machine.AssignSpec;
import javelin.passthrough.assigned.AssignOptions;
import javelin.passthrough.host.HostDevice;
import javelin.perf.nic.NicSide;

/** The ways in which a network card is measured over its wire. */
final class NicSides {
  private NicSides() {}

  /**
   * The sides of {@code names}, of a card that Linux has interrupt by messages or by its pin.
   *
   * @param text the card, as the user has named it, with its options
   * @param spec what that means
   */
  static List<NicSide> of(String text, AssignSpec spec, HostDevice card, List<String> names) {
    AssignOptions options = spec.options();
    List<NicSide> sides = new ArrayList<>();
    sides.add(new NicSide(Sides.ASSIGNED, text));
    sides.add(without(Sides.NO_MMAP, text, "x-no-mmap", options.mapBars()));
    sides.add(without(Sides.NO_IRQFD, text, "x-no-irqfd", options.irqfd()));
    if (!hasMessages(card)) {
      sides.add(without(Sides.NO_RESAMPLE, text, "x-no-resample", options.resample()));
    }
    sides.add(new NicSide(Sides.VIRTIO, null));
    return sides.stream().filter(side -> names.contains(side.name())).toList();
  }

  private static NicSide without(String name, String text, String option, boolean isOn) {
    return new NicSide(name, isOn ? text + "," + option : text);
  }

  /** Whether a driver has something better than the pin. */
  static boolean hasMessages(HostDevice card) {
    return card.capabilities()
        .filter(has -> has.msiVectors() > 0 || has.msixVectors() > 0)
        .isPresent();
  }
}
