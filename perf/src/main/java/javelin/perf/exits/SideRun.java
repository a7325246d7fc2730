package javelin.perf.exits;

import java.util.EnumMap;
import java.util.Map;
import javelin.boot.guest.bench.ExitCase;
import javelin.perf.guest.SampleText;

/**
 * What one run of the guest on one side gave.
 *
 * @param text the guest's own samples
 * @param tscKhz the frequency of its counter by KVM, 0 where that is not known
 * @param outside times taken outside, in ns, of the cases that have them there
 * @param tallies what was counted outside, by case
 */
record SideRun(
    SampleText text,
    int tscKhz,
    Map<ExitCase, long[]> outside,
    Map<ExitCase, Map<Tally, Long>> tallies) {

  /** A run of which there is nothing but what the guest said. */
  static SideRun ofGuestOnly(SampleText text, int tscKhz) {
    return new SideRun(text, tscKhz, new EnumMap<>(ExitCase.class), new EnumMap<>(ExitCase.class));
  }

  /** Whether KVM's own statistics are among what was counted. */
  boolean hasKvmStatistics() {
    return tallies.values().stream().anyMatch(of -> of.containsKey(Tally.KVM_EXITS));
  }
}
