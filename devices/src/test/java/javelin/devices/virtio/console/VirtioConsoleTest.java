package javelin.devices.virtio.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import javelin.devices.console.MemoryBackend;
import javelin.devices.console.SerialBackend;
import javelin.devices.console.TerminalSize;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.Test;

@OnBothLayouts
class VirtioConsoleTest {
  private static final long MESSAGES = 0xfee0_0000L;
  private static final int IN = 0;
  private static final int OUT = 1;

  private static VirtioBench bench(SerialBackend backend) {
    return new VirtioBench(machine -> VirtioConsole.console(backend));
  }

  private static ConsoleDriver start(VirtioBench bench) {
    return new ConsoleDriver(bench, bench.driver(), 0);
  }

  private static String pattern(int length, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) random.nextInt(256));
    }
    return text.toString();
  }

  @Test
  void shouldBeAConsoleOfUnknownSizeWithoutPortsWhenItIsNoTerminal() {
    try (VirtioBench bench = bench(new MemoryBackend())) {
      ModelDriver driver = bench.driver();
      assertThat(driver.offered() & 0xff_ffff).isZero();
      assertThat(driver.vectors()).isEqualTo(3);
      assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isZero();
      assertThat(driver.read(ModelDriver.DEVICE, 4, 4)).isEqualTo(1);
      assertThat(driver.read(ModelDriver.DEVICE, 8, 4)).isZero();
      assertThat(driver.config(0, 4) & 0xffff_ffffL).isEqualTo(0x1043_1af4L);
    }
  }

  @Test
  void shouldSendAllBytesOfAllBuffersInOrder() {
    MemoryBackend backend = new MemoryBackend();
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      String text = pattern(200_000, 1);
      driver.write(OUT, text);
      assertThat(backend.text()).isEqualTo(text);
      driver.rings[OUT].send(3, ConsoleDriver.OUTPUT + 7, 1, ConsoleDriver.OUTPUT, 3, 0, 1);
      driver.rings[OUT].send(1, ConsoleDriver.OUTPUT + 9, 2);
      driver.driver.notify(OUT);
      String end = text.charAt(7) + text.substring(0, 3) + "\0" + text.substring(9, 11);
      assertThat(backend.text()).isEqualTo(text + end);
      assertThat(driver.rings[OUT].usedIndex()).isEqualTo(3);
      assertThat(driver.rings[OUT].usedWritten(0)).isZero();
      assertThat(bench.problems).isEmpty();
    }
  }

  @Test
  void shouldHoldTheDriverUpWhenTheOutsideIsSlow() {
    SlowBackend backend = new SlowBackend(10);
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      String text = pattern(100_000, 2);
      driver.write(OUT, text);
      driver.rings[OUT].send(1, ConsoleDriver.OUTPUT, 5);
      driver.driver.notify(OUT);
      assertThat(backend.text()).hasSize(10);
      assertThat(driver.rings[OUT].usedIndex()).isZero();
      SplittableRandom random = new SplittableRandom(3);
      for (int left = 100_000 - 10; left > 0; ) {
        int room = Math.min(left, 1 + random.nextInt(30_000));
        backend.makeRoom(room);
        bench.settle();
        left -= room;
      }
      assertThat(driver.rings[OUT].usedIndex()).isEqualTo(1);
      assertThat(backend.text()).isEqualTo(text);
      backend.makeRoom(50);
      bench.settle();
      assertThat(driver.rings[OUT].usedIndex()).isEqualTo(2);
      assertThat(backend.text()).isEqualTo(text + text.substring(0, 5));
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, OUT));
    }
  }

  @Test
  void shouldGiveInputAsItComesAndHoldTheOutsideUpWhenThereAreNoBuffers() {
    MemoryBackend backend = new MemoryBackend();
    try (VirtioBench bench = bench(backend)) {
      String text = pattern(10_000, 4);
      backend.type(text.substring(0, 20)); // Before there is a driver.
      ConsoleDriver driver = start(bench);
      driver.offerInput(IN, 30, 3);
      assertThat(driver.rings[IN].usedIndex()).isEqualTo(1);
      assertThat(driver.input(IN, 0)).isEqualTo(text.substring(0, 20));
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, IN));
      backend.type(text.substring(20));
      bench.settle();
      StringBuilder got = new StringBuilder(text.substring(0, 20)).append(driver.input(IN, 1));
      int done = 2;
      while (got.length() < text.length()) {
        driver.rings[IN].send(0, ConsoleDriver.INPUT, 700, ConsoleDriver.INPUT + 700, 11);
        driver.driver.notify(IN);
        bench.settle();
        assertThat(driver.rings[IN].usedIndex()).isEqualTo(done + 1);
        int length = (int) driver.rings[IN].usedWritten(done);
        byte[] bytes = new byte[length];
        bench.memory.read(ConsoleDriver.INPUT, bytes, 0, length);
        got.append(new String(bytes, StandardCharsets.ISO_8859_1));
        done++;
      }
      assertThat(got.toString()).isEqualTo(text);
      assertThat(bench.problems).isEmpty();
    }
  }

  @Test
  void shouldTellOfTheSizeOfTheTerminalAndOfItsChanges() {
    SlowBackend backend = new SlowBackend(0);
    backend.terminalSize(new TerminalSize(80, 25));
    VirtioConsole[] console = new VirtioConsole[1];
    try (VirtioBench bench =
        new VirtioBench(machine -> console[0] = VirtioConsole.console(backend))) {
      backend.terminalSize(new TerminalSize(81, 25));
      console[0].resized();
      ModelDriver driver = bench.driver();
      assertThat(bench.kvm.deliver()).as("nobody listens").isEmpty();
      assertThat(driver.offered() & 0xff_ffff).isEqualTo(1);
      new ConsoleDriver(bench, driver, VirtioConsole.SIZE);
      assertThat(driver.read(ModelDriver.DEVICE, 0, 2)).isEqualTo(81);
      assertThat(driver.read(ModelDriver.DEVICE, 2, 2)).isEqualTo(25);
      long generation = driver.read(ModelDriver.COMMON, 0x15, 1);
      console[0].resized();
      assertThat(bench.kvm.deliver()).as("nothing has changed").isEmpty();
      assertThat(driver.read(ModelDriver.COMMON, 0x15, 1)).isEqualTo(generation);
      backend.terminalSize(new TerminalSize(65_535, 50));
      console[0].resized();
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 2));
      assertThat(driver.read(ModelDriver.COMMON, 0x15, 1)).isNotEqualTo(generation);
      assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isEqualTo(50 << 16 | 65_535);
    }
    backend.terminalSize(new TerminalSize(1, 1));
    console[0].resized();
    assertThat(backend.isClosed()).isTrue();
  }

  @Test
  void shouldLetGoOfABufferThatWaitsWhenTheDeviceIsReset() {
    SlowBackend backend = new SlowBackend(3);
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      driver.write(OUT, "first");
      driver.driver.status(0);
      bench.memory.fill(ConsoleDriver.OUTPUT, 16, 'x');
      backend.makeRoom(100);
      bench.settle();
      assertThat(backend.text()).isEqualTo("fir");
      driver = start(bench);
      driver.write(OUT, "second");
      assertThat(backend.text()).isEqualTo("firsecond");
      assertThat(driver.rings[OUT].usedIndex()).isEqualTo(1);
    }
  }

  @Test
  void shouldGoOnWithABufferThatWaitsOnlyWhenMemoryMayBeAccessed() {
    SlowBackend backend = new SlowBackend(3);
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      driver.write(OUT, "first");
      long command = driver.driver.config(4, 2);
      driver.driver.config(4, 2, command & ~4);
      backend.makeRoom(100);
      bench.settle();
      assertThat(driver.rings[OUT].usedIndex()).isZero();
      driver.driver.config(4, 2, command);
      bench.settle();
      assertThat(driver.rings[OUT].usedIndex()).isEqualTo(1);
      driver.write(OUT, "second");
      assertThat(backend.text()).isEqualTo("firsecond");
    }
  }

  @Test
  void shouldKeepInputForTheNextDriverWhenTheDeviceIsReset() {
    MemoryBackend backend = new MemoryBackend();
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      driver.offerInput(IN, 2);
      backend.type("reboot");
      bench.settle();
      assertThat(driver.input(IN, 0)).isEqualTo("re");
      driver.driver.status(0);
      backend.type("ed");
      driver = start(bench);
      driver.offerInput(IN, 100, 100);
      bench.settle();
      String rest = driver.input(IN, 0);
      if (driver.rings[IN].usedIndex() == 2) {
        rest += driver.input(IN, 1);
      }
      assertThat(rest).isEqualTo("booted");
    }
  }

  @Test
  void shouldNeedAResetWhenABufferIsOfTheWrongKind() {
    MemoryBackend backend = new MemoryBackend();
    try (VirtioBench bench = bench(backend)) {
      ConsoleDriver driver = start(bench);
      driver.rings[OUT].send(1, ConsoleDriver.OUTPUT, 4, ConsoleDriver.OUTPUT, 4);
      driver.driver.notify(OUT);
      assertThat(driver.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
      driver.driver.status(0);
      driver = start(bench);
      backend.type("x");
      driver.rings[IN].send(1, ConsoleDriver.INPUT, 4);
      driver.driver.notify(IN);
      assertThat(driver.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
      assertThat(backend.text()).isEmpty();
    }
  }
}
