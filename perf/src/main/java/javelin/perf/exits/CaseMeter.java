package javelin.perf.exits;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javelin.boot.guest.bench.ExitCase;
import javelin.vmm.event.EventLoop;
import javelin.vmm.kvm.KvmStat;
import javelin.vmm.kvm.KvmStats;
import javelin.vmm.machine.ExitKind;
import javelin.vmm.machine.Machine;

/**
 * Counts, between the guest's two marks of a case, what happens outside of the guest. The boot
 * processor's thread calls it; what it found is read when the machine has stopped.
 */
final class CaseMeter {
  private static final ExitCase[] CASES = ExitCase.values();

  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final TimedWrites timed;
  private final Map<ExitCase, Map<Tally, Long>> tallies = new EnumMap<>(ExitCase.class);
  private final Map<ExitCase, long[]> outside = new EnumMap<>(ExitCase.class);
  private Machine machine;
  private EventLoop loop;
  private List<KvmStats> statistics = List.of();
  private Map<Tally, Long> before = Map.of();
  private long allocatedBefore;

  /** A meter of cases of up to {@code count} operations. */
  CaseMeter(int count) {
    timed = new TimedWrites(count);
  }

  /**
   * What it looks at.
   *
   * @param kvm each vCPU's statistics; none where KVM has none
   */
  void watch(Machine ofMachine, EventLoop ofLoop, List<KvmStats> kvm) {
    machine = ofMachine;
    loop = ofLoop;
    statistics = List.copyOf(kvm);
  }

  TimedWrites timed() {
    return timed;
  }

  /** What was counted. */
  Map<ExitCase, Map<Tally, Long>> tallies() {
    return tallies;
  }

  /** The times of cases that are timed outside, in ns. */
  Map<ExitCase, long[]> outside() {
    return outside;
  }

  /** A mark of the guest's; what is none of a case's is ignored. */
  void mark(int value) {
    int index = value >> 1;
    if (index >= CASES.length) {
      return;
    }
    ExitCase of = CASES[index];
    if ((value & 1) == 0) {
      before = counts();
      // The first call makes what the bean itself needs.
      threads.getCurrentThreadAllocatedBytes();
      timed.start();
      allocatedBefore = threads.getCurrentThreadAllocatedBytes();
    } else if (!before.isEmpty()) {
      end(of, threads.getCurrentThreadAllocatedBytes());
    }
  }

  private void end(ExitCase of, long allocated) {
    Map<Tally, Long> difference = new EnumMap<>(Tally.class);
    difference.put(Tally.HEAP_BYTES, allocated - allocatedBefore);
    counts().forEach((tally, count) -> difference.put(tally, count - before.get(tally)));
    // One mark's exit lies between: Javelin counts the first one's late, KVM the second one's
    // early.
    difference.computeIfPresent(Tally.USER_EXITS, (tally, count) -> count - 1);
    difference.computeIfPresent(Tally.KVM_EXITS, (tally, count) -> count - 1);
    tallies.put(of, difference);
    if (of.isTimedOutside()) {
      outside.put(of, timed.nanos());
    }
    before = Map.of();
  }

  private Map<Tally, Long> counts() {
    Map<Tally, Long> counts = new EnumMap<>(Tally.class);
    long exits = 0;
    for (int cpu = 0; cpu < machine.vcpuCount(); cpu++) {
      for (ExitKind kind : ExitKind.values()) {
        exits += machine.stats(cpu).count(kind);
      }
    }
    counts.put(Tally.USER_EXITS, exits);
    counts.put(Tally.LOOP_WAKEUPS, loop.handled());
    if (!statistics.isEmpty()) {
      counts.put(Tally.KVM_EXITS, sum("exits"));
      counts.put(Tally.KVM_WAKEUPS, sum("halt_wakeup"));
    }
    return counts;
  }

  private long sum(String name) {
    return statistics.stream()
        .flatMap(of -> of.read(name).stream())
        .mapToLong(KvmStat::value)
        .sum();
  }
}
