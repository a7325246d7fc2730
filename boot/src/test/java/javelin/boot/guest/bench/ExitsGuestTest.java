package javelin.boot.guest.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.QemuGuest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class ExitsGuestTest {
  private static final ExitsGuest.Plan PLAN = new ExitsGuest.Plan(2, 20, 5);

  @TempDir Path folder;

  private List<String> run(String cpus, String... devices) throws Exception {
    QemuGuest.Run run = QemuGuest.run(folder, ExitsGuest.program(PLAN), cpus, "128", devices);
    assertThat(run.exitCode()).as(run.console()).isEqualTo(1);
    assertThat(run.console()).doesNotContain("FAILED");
    return Arrays.stream(run.console().split("\r\n", -1)).filter(l -> l.startsWith("@")).toList();
  }

  private static List<String> measured(List<String> lines) {
    return lines.stream().filter(l -> l.startsWith("@case ")).map(l -> l.substring(6)).toList();
  }

  private static int samples(List<String> lines, ExitCase of) {
    int at = lines.indexOf("@case " + of.id());
    return lines.subList(at + 1, lines.size()).stream()
        .takeWhile(line -> line.startsWith("@ticks "))
        .mapToInt(line -> line.split(" ", -1).length - 1)
        .sum();
  }

  private static List<String> ids(ExitCase... cases) {
    return Stream.of(cases).map(ExitCase::id).toList();
  }

  @Test
  void shouldMeasureOnAnotherMachineWhatThatHas() throws Exception {
    List<String> lines = run("2", QemuGuest.DEBUG_EXIT, "pc-testdev");

    List<ExitCase> there =
        List.of(
            ExitCase.RDTSC,
            ExitCase.CPUID,
            ExitCase.PORT_WRITE,
            ExitCase.PORT_READ,
            ExitCase.MMIO_WRITE,
            ExitCase.MMIO_READ,
            ExitCase.IPI_RUNNING,
            ExitCase.IPI_HALTED);
    assertThat(lines.get(0)).matches("@count tsc-khz [1-9][0-9]*000");
    assertThat(measured(lines)).isEqualTo(there.stream().map(ExitCase::id).toList());
    assertThat(there).allSatisfy(of -> assertThat(samples(lines, of)).isEqualTo(PLAN.count(of)));
    assertThat(lines).noneMatch(line -> line.startsWith("@count lost"));
    assertThat(lines.stream().filter(l -> l.startsWith("@skip ")).map(l -> l.split(" ", -1)[1]))
        .isEqualTo(
            ids(
                ExitCase.IOEVENTFD_PORT,
                ExitCase.IOEVENTFD_MMIO,
                ExitCase.IRQFD,
                ExitCase.MSI,
                ExitCase.DOORBELL_IRQ,
                ExitCase.HOST_PORT_WRITE,
                ExitCase.HOST_MMIO_WRITE));
    assertThat(lines.get(lines.size() - 1)).isEqualTo("@done");
  }

  @Test
  void shouldSayWhatIsMissingWhenTheMachineHasLittle() throws Exception {
    List<String> lines = run("1", QemuGuest.DEBUG_EXIT);

    assertThat(measured(lines)).isEqualTo(ids(ExitCase.RDTSC, ExitCase.CPUID));
    assertThat(lines)
        .contains(
            "@skip port-write there is no storage at port 0xe0",
            "@skip mmio-read there is no storage at 0xff000000",
            "@skip ipi-halted there is no second CPU with APIC id 1");
    assertThat(lines.stream().filter(l -> l.startsWith("@skip ")))
        .hasSize(ExitCase.values().length - 2);
  }

  @Test
  void shouldBeTheSameImageForEachRun() {
    assertThat(ElfWriter.write(ExitsGuest.program(PLAN)))
        .isEqualTo(ElfWriter.write(ExitsGuest.program(PLAN)));
  }

  @Test
  void shouldRefuseAPlanWithoutOperations() {
    assertThatThrownBy(() -> new ExitsGuest.Plan(0, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ExitsGuest.Plan(1, 1, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
