package javelin.boot.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import javelin.vmm.memory.PageSize;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MachineConfigTest {
  private static MachineConfig withRam(long size, PageSize pages) {
    return MachineConfig.builder().ram(new RamConfig(size, pages, false, false)).build();
  }

  @Test
  void shouldRunBuiltInGuestWhenNothingIsSet() {
    MachineConfig config = MachineConfig.builder().build();

    assertThat(config.guest()).isEqualTo(GuestImage.BuiltIn.SELF_TEST);
    assertThat(config.ram()).isEqualTo(RamConfig.of(512L << 20));
    assertThat(config.cpus()).isEqualTo(2);
    assertThat(config.serial()).isEqualTo(SerialSpec.STDIO);
    assertThat(config.onTripleFault()).isEqualTo(ResetPolicy.STOP);
    assertThat(config.timeout()).isNull();
    assertThat(config.kvmDevice()).isEqualTo(Path.of("/dev/kvm"));
  }

  @Test
  void shouldNameMemoryOptionWhenRamIsZero() {
    assertThatThrownBy(() -> withRam(0, PageSize.BASE))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--memory 0: a guest needs at least 2M");
  }

  @Test
  void shouldHintAtUnitsWhenRamIsAFewBytes() {
    assertThatThrownBy(() -> withRam(512, PageSize.BASE))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--memory 512: a guest needs at least 2M; sizes take a unit, as in 512M");
  }

  @ParameterizedTest
  @CsvSource({
    "BASE, 67109376, 'not a multiple of the page size, 4K; the next one is 65540K'",
    "HUGE_2M, 68157440, 'not a multiple of the huge page size, 2M; the next one is 66M'",
    "HUGE_1G, 1610612736, 'not a multiple of the huge page size, 1G; the next one is 2G'"
  })
  void shouldNameNextSizeWhenRamIsNotPageAligned(PageSize pages, long size, String reason) {
    assertThatThrownBy(() -> withRam(size, pages))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--memory " + Units.formatSize(size) + ": " + reason);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 65, Integer.MAX_VALUE})
  void shouldNameCpusOptionWhenNumberIsOutOfRange(int cpus) {
    assertThatThrownBy(() -> MachineConfig.builder().cpus(cpus).build())
        .isInstanceOf(ConfigException.class)
        .hasMessage("--cpus " + cpus + ": a guest has 1 to 64 CPUs");
  }

  @Test
  void shouldRefuseTimeoutWhenItIsZero() {
    assertThatThrownBy(() -> MachineConfig.builder().timeout(Duration.ZERO).build())
        .isInstanceOf(ConfigException.class)
        .hasMessage("--timeout 0s: the time must be above 0");
  }

  @Test
  void shouldKeepItsOwnCopyOfCollections() {
    Set<TraceKind> kinds = new java.util.HashSet<>(Set.of(TraceKind.PIO));
    MachineConfig config = MachineConfig.builder().trace(kinds).build();
    kinds.clear();

    assertThat(config.trace()).containsExactly(TraceKind.PIO);
    assertThatThrownBy(() -> config.trace().add(TraceKind.IRQ))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void shouldReadSerialBackEnds() {
    assertThat(SerialSpec.parse("stdio")).isSameAs(SerialSpec.STDIO);
    assertThat(SerialSpec.parse("null")).isSameAs(SerialSpec.NULL);
    assertThat(SerialSpec.parse("pty")).isEqualTo(new SerialSpec(SerialSpec.Kind.PTY, null));
    assertThat(SerialSpec.parse("file:/tmp/a:b.log"))
        .isEqualTo(new SerialSpec(SerialSpec.Kind.FILE, Path.of("/tmp/a:b.log")));
    assertThat(SerialSpec.parse("socket:console.sock"))
        .isEqualTo(new SerialSpec(SerialSpec.Kind.SOCKET, Path.of("console.sock")));
  }

  @ParameterizedTest
  @CsvSource({
    "file:, 'give a path, as in file:PATH'",
    "socket, 'give a path, as in socket:PATH'",
    "pty:/dev/x, pty takes no path",
    "tcp:80, 'unknown; it is one of stdio, file:PATH, pty, socket:PATH, null'"
  })
  void shouldNameSerialOptionWhenSpecIsNone(String text, String reason) {
    assertThatThrownBy(() -> SerialSpec.parse(text))
        .isInstanceOf(ConfigException.class)
        .hasMessage("--serial " + text + ": " + reason);
  }
}
