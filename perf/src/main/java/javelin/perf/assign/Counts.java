package javelin.perf.assign;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import javelin.boot.machine.PcMachine;
import javelin.perf.result.Series;
import javelin.vmm.kvm.KvmStat;
import javelin.vmm.kvm.KvmStats;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.ExitKind;
import javelin.vmm.machine.ExitStats;

/**
 * What the host has done for a guest up to one time, or between two.
 *
 * @param exits vCPUs have left the guest, as KVM counts it; -1 where this kernel does not tell
 * @param userExits those that came to Javelin
 * @param halts KVM has woken a halted vCPU, likewise
 * @param wakeUps a thread of Javelin's for devices has been woken
 * @param cpuNanos CPU time of this process, in user space, in the kernel and in the guest
 */
record Counts(long exits, long userExits, long halts, long wakeUps, long cpuNanos) {
  private static final String EXITS = "exits";
  private static final String HALT_WAKE_UPS = "halt_wakeup";
  private static final long UNKNOWN = -1;

  /**
   * Those up to now.
   *
   * @param stats of the VM and its vCPUs; empty where there are none
   */
  static Counts now(Linux linux, PcMachine machine, List<KvmStats> stats) {
    return new Counts(
        sum(stats, EXITS),
        userExits(machine.stats()),
        sum(stats, HALT_WAKE_UPS),
        machine.wakeUps(),
        linux.processCpuNanos());
  }

  private static long sum(List<KvmStats> stats, String name) {
    List<KvmStat> found =
        stats.stream()
            .map(KvmStats::read)
            .flatMap(Collection::stream)
            .filter(stat -> stat.name().equals(name))
            .toList();
    return found.isEmpty() ? UNKNOWN : found.stream().mapToLong(KvmStat::value).sum();
  }

  private static long userExits(List<ExitStats> stats) {
    return stats.stream()
        .mapToLong(vcpu -> Arrays.stream(ExitKind.values()).mapToLong(vcpu::count).sum())
        .sum();
  }

  /**
   * What has come between {@code before} and this, both taken while the guest's mark on a port is
   * handled: of the two marks' exits one is between them.
   */
  Counts since(Counts before) {
    return new Counts(
        difference(exits, before.exits, 1),
        difference(userExits, before.userExits, 1),
        difference(halts, before.halts, 0),
        difference(wakeUps, before.wakeUps, 0),
        difference(cpuNanos, before.cpuNanos, 0));
  }

  private static long difference(long now, long before, long marks) {
    return before == UNKNOWN ? UNKNOWN : now - before - marks;
  }

  /** Adds them to a series, for {@code operations}. */
  void addTo(Series series, long operations) {
    if (exits != UNKNOWN) {
      series.count("exits", exits, operations);
    }
    series.count("to Javelin", userExits, operations);
    if (halts != UNKNOWN) {
      series.count("vCPU wake-ups", halts, operations);
    }
    series.count("thread wake-ups", wakeUps, operations);
    series.count("host CPU ns", cpuNanos, operations);
  }
}
