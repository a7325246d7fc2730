package javelin.perf.boot;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import javelin.boot.kernel.BootProtocol;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.LaunchPhase;
import javelin.boot.machine.LaunchTimes;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.devices.console.MemoryBackend;
import javelin.perf.bench.BenchRun;
import javelin.perf.result.Unit;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.RamConfig;

/**
 * Guests of one instruction in a JVM that is up already: one after another, each beside the same
 * calls to KVM without a PC around them, and many that are there at once.
 */
final class WarmGuests {
  private static final long RAM = 16 << 20;
  private static final int AT_ONCE = 100;
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final String JAVELIN = "Javelin, warm JVM";
  private static final String BARE = "bare KVM calls";

  private final Linux linux;
  private final MachineConfig config;
  private final BenchRun run;

  /**
   * Prepares guests.
   *
   * @param kernel an ELF file whose first instruction ends it
   */
  WarmGuests(Linux linux, Path kernel, BenchRun run) {
    this.linux = linux;
    this.run = run;
    config =
        MachineConfig.builder()
            .guest(new GuestImage.KernelFile(kernel, null, "", BootProtocol.LINUX))
            .ram(RamConfig.of(RAM))
            .cpus(1)
            .timeout(LIMIT)
            .build();
  }

  void measure(int guests) throws InterruptedException {
    run.outcome().ratio(JAVELIN, BARE);
    for (int i = 0; i < guests && !run.isStopped(); i++) {
      run.progress(i, guests, "guests in one JVM");
      machine();
      bare();
    }
    if (!run.isStopped()) {
      atOnce();
    }
  }

  private void add(String name, String side, long nanos) {
    run.outcome().series(name, side, Unit.NANOSECONDS).add(nanos);
  }

  private PcMachine build(LaunchTimes launch) {
    return new PcMachine(
        linux,
        config,
        loop -> new MemoryBackend(),
        line -> {},
        PcMachine.devices(linux, config, line -> {}),
        (user, spec, loop) -> new MemoryBackend(),
        launch);
  }

  private void machine() throws InterruptedException {
    LaunchTimes launch = new LaunchTimes();
    long start = System.nanoTime();
    launch.reached(LaunchPhase.NATIVE, start);
    try (PcMachine machine = build(launch)) {
      machine.run();
    }
    long end = System.nanoTime();
    add("first instruction", JAVELIN, launch.between(LaunchPhase.NATIVE, LaunchPhase.ENTRY));
    add("one guest, to its end", JAVELIN, end - start);
  }

  private void bare() {
    BareGuest.Times times = BareGuest.run(linux, RAM);
    add("first instruction", BARE, times.toEntry());
    add("one guest, to its end", BARE, times.toEnd());
  }

  private void atOnce() throws InterruptedException {
    OptionalLong before = GuestFreeMemory.of(ProcessHandle.current().pid(), Long.MAX_VALUE);
    List<PcMachine> machines = new ArrayList<>();
    long start = System.nanoTime();
    try {
      for (int i = 0; i < AT_ONCE; i++) {
        machines.add(build(new LaunchTimes()));
      }
      for (PcMachine machine : machines) {
        machine.run();
      }
      OptionalLong after = GuestFreeMemory.of(ProcessHandle.current().pid(), Long.MAX_VALUE);
      if (before.isPresent() && after.isPresent()) {
        run.outcome()
            .series("memory for each of " + AT_ONCE + " guests at once", JAVELIN, Unit.BYTES)
            .add((after.getAsLong() - before.getAsLong()) / AT_ONCE);
      }
    } finally {
      machines.forEach(PcMachine::close);
    }
    add(AT_ONCE + " guests at once, to the end of all", JAVELIN, System.nanoTime() - start);
  }
}
