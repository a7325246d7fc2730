package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import javelin.boot.kernel.BootProtocol;
import javelin.devices.console.MemoryBackend;
import javelin.vmm.kvm.KvmAvailable;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.StopReason;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Binaries of kvm-unit-tests, unmodified. They are not part of the project: build them elsewhere
 * and name the folder with JAVELIN_KVM_UNIT_TESTS. Code 1 is success, 77 a test that skips itself.
 */
@Tag("kvm")
@Timeout(300)
class KvmUnitTestsTest {
  private static Path folder;

  @BeforeAll
  static void requireBinaries() {
    KvmAvailable.assumeKvm();
    String name = System.getenv("JAVELIN_KVM_UNIT_TESTS");
    assumeTrue(name != null, "JAVELIN_KVM_UNIT_TESTS names no folder of built kvm-unit-tests");
    folder = Path.of(name, "x86");
  }

  @ParameterizedTest
  @CsvSource({
    "smptest, 2, '', 1",
    "vmexit, 1, cpuid, 1",
    "idt_test, 1, '', 1",
    "tsc, 1, '', 77",
  })
  void shouldEndWithTheTestsOwnCode(String test, int cpus, String arguments, int code)
      throws Exception {
    Path kernel = folder.resolve(test + ".flat");
    assumeTrue(Files.exists(kernel), kernel + " is not built");
    MemoryBackend serial = new MemoryBackend();
    MachineConfig config =
        MachineConfig.builder()
            .guest(new GuestImage.KernelFile(kernel, null, arguments, BootProtocol.AUTO))
            .cpus(cpus)
            .timeout(Duration.ofMinutes(2))
            .build();
    try (PcMachine machine = new PcMachine(Linux.system(), config, loop -> serial)) {
      StopReason reason = machine.run();

      assertThat(reason).as(serial.text()).isEqualTo(new StopReason.DebugExit(code));
    }
  }
}
