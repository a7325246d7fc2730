package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.kernel.BootProtocol;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many machines in one JVM: none of them leaves anything behind, and none disturbs another. */
@Tag("kvm")
@Timeout(300)
class ManyGuestsTest {
  private static final int ONE_AFTER_ANOTHER = 50;
  private static final int AT_ONCE = 16;

  @TempDir private Path folder;

  @BeforeEach
  void requireKvm() {
    KvmAvailable.assumeKvm();
  }

  private MachineConfig config(int code) throws Exception {
    Path kernel = folder.resolve("guest" + code);
    Files.write(
        kernel, ElfWriter.write(GuestProgram.ofCode(0x20_0000, TinyGuests.debugExit(code))));
    return MachineConfig.builder()
        .guest(new GuestImage.KernelFile(kernel, null, "", BootProtocol.AUTO))
        .ram(RamConfig.of(16 << 20))
        .cpus(1)
        .timeout(Duration.ofMinutes(2))
        .build();
  }

  private static PcMachine machine(MachineConfig config) {
    return new PcMachine(Linux.system(), config, loop -> new MemoryBackend());
  }

  private static void runOnce(MachineConfig config, int code) throws Exception {
    try (PcMachine machine = machine(config)) {
      assertThat(machine.run()).isEqualTo(new StopReason.DebugExit(code << 1 | 1));
    }
  }

  @Test
  void shouldLeaveNothingWhenGuestsRunOneAfterAnother() throws Exception {
    MachineConfig config = config(5);
    runOnce(config, 5); // What the JVM opens once is open from here on.

    NoLeaks.noLeaks(
        () -> {
          for (int i = 0; i < ONE_AFTER_ANOTHER; i++) {
            runOnce(config, 5);
          }
        });
  }

  @Test
  void shouldEndEachWithItsOwnCodeWhenGuestsRunAtOnce() throws Exception {
    List<MachineConfig> configs = new ArrayList<>();
    for (int code = 0; code < AT_ONCE; code++) {
      configs.add(config(code));
    }
    runOnce(configs.get(0), 0);

    NoLeaks.noLeaks(
        () -> {
          ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
          try {
            runAtOnce(configs, threads);
          } finally {
            threads.shutdownNow();
            threads.awaitTermination(1, TimeUnit.MINUTES);
          }
        });
  }

  /** All of them are there before any runs. */
  private static void runAtOnce(List<MachineConfig> configs, ExecutorService threads)
      throws Exception {
    CyclicBarrier built = new CyclicBarrier(AT_ONCE);
    List<Future<StopReason>> ends = new ArrayList<>();
    for (MachineConfig config : configs) {
      ends.add(
          threads.submit(
              () -> {
                try (PcMachine machine = machine(config)) {
                  built.await();
                  return machine.run();
                }
              }));
    }
    for (int code = 0; code < AT_ONCE; code++) {
      assertThat(ends.get(code).get()).isEqualTo(new StopReason.DebugExit(code << 1 | 1));
    }
  }
}
