package javelin.devices.virtio.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.console.MemoryBackend;
import javelin.devices.console.NullBackend;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@OnBothLayouts
class NamedPortsTest {
  private static final int AGENT_IN = 4;
  private static final int AGENT_OUT = 5;
  private static final int LOG_OUT = 7;

  private final MemoryBackend agent = new MemoryBackend();
  private final MemoryBackend log = new MemoryBackend();
  private final VirtioBench bench =
      new VirtioBench(
          machine ->
              VirtioConsole.ports(
                  List.of(new NamedPort("agent", agent), new NamedPort("log.0", log))));
  private final ModelDriver pci = bench.driver();

  @AfterEach
  void close() {
    bench.close();
  }

  private ConsoleDriver start() {
    return new ConsoleDriver(bench, pci, VirtioConsole.MULTIPORT);
  }

  @Test
  void shouldOfferPortsAndTheirQueues() {
    assertThat(pci.offered() & 0xff_ffff).isEqualTo(2);
    assertThat(pci.read(ModelDriver.COMMON, 0x12, 2)).isEqualTo(8);
    assertThat(pci.read(ModelDriver.DEVICE, 4, 4)).as("with port 0").isEqualTo(3);
  }

  @Test
  void shouldTellOfPortsAndNamesWhenTheDriverIsReadyForThem() {
    ConsoleDriver driver = start();
    driver.offerControl(4);
    assertThat(driver.heard()).isEmpty();
    driver.say(0, ConsoleDriver.DEVICE_READY, 1);
    assertThat(driver.heard()).containsExactly("1 1 1", "2 1 1");
    driver.say(2, ConsoleDriver.PORT_READY, 1);
    assertThat(driver.heard()).containsExactly("1 1 1", "2 1 1", "2 7 1 log.0", "2 6 1");
    driver.say(1, ConsoleDriver.PORT_READY, 1);
    assertThat(driver.heard()).as("without buffers").hasSize(4);
    driver.say(1, ConsoleDriver.PORT_READY, 1);
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldMoveBytesOfAPortAndHoldItsInputUntilItIsOpened() {
    ConsoleDriver driver = start();
    agent.type("question");
    driver.offerInput(AGENT_IN, 100, 100);
    assertThat(driver.rings[AGENT_IN].usedIndex()).isZero();
    driver.say(1, ConsoleDriver.PORT_OPEN, 1);
    bench.settle();
    assertThat(driver.input(AGENT_IN, 0)).isEqualTo("question");
    driver.write(AGENT_OUT, "answer");
    driver.write(LOG_OUT, "logged");
    assertThat(agent.text()).isEqualTo("answer");
    assertThat(log.text()).isEqualTo("logged");
    driver.say(1, ConsoleDriver.PORT_OPEN, 0);
    agent.type("later");
    bench.settle();
    assertThat(driver.rings[AGENT_IN].usedIndex()).isEqualTo(1);
    driver.say(1, ConsoleDriver.PORT_OPEN, 1);
    bench.settle();
    assertThat(driver.input(AGENT_IN, 1)).isEqualTo("later");
  }

  @Test
  void shouldForgetWhatWasToBeToldWhenTheDeviceIsReset() {
    ConsoleDriver driver = start();
    driver.say(0, ConsoleDriver.DEVICE_READY, 1);
    driver.say(1, ConsoleDriver.PORT_OPEN, 1);
    pci.status(0);
    agent.type("x");
    driver = start();
    driver.offerControl(4);
    driver.offerInput(AGENT_IN, 10);
    assertThat(driver.heard()).isEmpty();
    assertThat(driver.rings[AGENT_IN].usedIndex()).isZero();
  }

  @Test
  void shouldReportWhatADriverSaysOfNoPortOrCannotDo() {
    ConsoleDriver driver = start();
    driver.offerControl(4);
    driver.say(3, ConsoleDriver.PORT_READY, 1);
    driver.say(0, ConsoleDriver.PORT_OPEN, 1);
    driver.say(-1, ConsoleDriver.PORT_OPEN, 1);
    driver.say(2, ConsoleDriver.PORT_READY, 0);
    driver.say(0, ConsoleDriver.DEVICE_READY, 0);
    driver.say(1, 77, 1);
    assertThat(driver.heard()).isEmpty();
    assertThat(pci.status() & ModelDriver.NEEDS_RESET).isZero();
    assertThat(bench.problems)
        .containsExactly(
            "virtio-console 00:03.0: a control message is of port 3, which there is not",
            "virtio-console 00:03.0: a control message is of port 0, which there is not",
            "virtio-console 00:03.0: a control message is of port -1, which there is not",
            "virtio-console 00:03.0: the guest could not make its port 2");
  }

  @Test
  void shouldNeedAResetWhenAControlBufferIsTooSmall() {
    ConsoleDriver driver = start();
    driver.rings[3].send(1, ConsoleDriver.SAID, 7);
    pci.notify(3);
    assertThat(pci.status() & ModelDriver.NEEDS_RESET).isNotZero();
    pci.status(0);
    driver = start();
    driver.say(1, ConsoleDriver.PORT_READY, 1);
    driver.rings[2].send(0, ConsoleDriver.SAID, 12);
    pci.notify(2);
    assertThat(pci.status() & ModelDriver.NEEDS_RESET).isNotZero();
  }

  @Test
  void shouldTakeUpTo30Ports() {
    List<NamedPort> ports = new ArrayList<>();
    for (int i = 0; i < VirtioConsole.MAX_PORTS; i++) {
      ports.add(new NamedPort("p" + i, new NullBackend()));
    }
    assertThat(VirtioConsole.ports(ports).queues()).isEqualTo(64);
    ports.add(new NamedPort("more", new NullBackend()));
    assertThatThrownBy(() -> VirtioConsole.ports(ports))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Messages, buffers and rings without sense, with both ports at work. */
  @Test
  void shouldGoOnWhenTheDriverDoesAnything() {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile console: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int served = 0;
    for (int round = 0; round < 300; round++) {
      ConsoleDriver driver = start();
      driver.offerControl(random.nextInt(8));
      for (int i = 0; i < 12; i++) {
        act(driver, random);
      }
      for (int queue = 0; queue < driver.rings.length; queue++) {
        served += driver.rings[queue].usedIndex();
      }
      pci.status(0);
    }
    assertThat(served).as("seed %d", seed).isGreaterThan(300);
    assertThat(bench.problems).noneMatch(line -> line.contains("Javelin itself"));
    ConsoleDriver driver = start();
    driver.write(AGENT_OUT, "alive");
    assertThat(agent.text()).as("seed %d", seed).endsWith("alive");
  }

  private void act(ConsoleDriver driver, SplittableRandom random) {
    int queue = random.nextInt(driver.rings.length);
    switch (random.nextInt(6)) {
      case 0 -> driver.say(random.nextInt(5) - 1, random.nextInt(9), random.nextInt(3));
      case 1 -> agent.type("typed");
      case 2 -> {
        int index = random.nextInt(ConsoleDriver.RING);
        long address = random.nextInt(30) == 0 ? random.nextLong() : random.nextInt(1 << 21);
        long length = random.nextInt(30) == 0 ? random.nextInt() : 1 + random.nextInt(9000);
        driver.rings[queue].descriptor(
            index, address, length, random.nextInt(4), random.nextInt(ConsoleDriver.RING));
        driver.rings[queue].offer(index);
        pci.notify(queue);
      }
      case 3 -> driver.offerInput(queue & ~1, 1 + random.nextInt(100));
      default -> driver.write(queue | 1, "some output");
    }
  }
}
