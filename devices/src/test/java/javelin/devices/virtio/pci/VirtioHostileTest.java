package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import javelin.devices.HostileAccesses;
import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a guest must not be able to do, and what happens when it tries. */
class VirtioHostileTest extends EchoTestBench {
  @Test
  void shouldNeedAResetWhenARingIsBroken() {
    ModelRing first = driver.start(0, 8);
    ModelRing second = ModelRing.of(bench.memory, first.end(), 4);
    driver.queue(1, second);
    first.send(1, 0x10_0000, 0);
    driver.notify(0);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(bench.kvm.deliver()).as("configuration").containsExactly(new Msi(MESSAGES, 2));
    assertThat(driver.read(ModelDriver.ISR, 0, 1)).isEqualTo(2);
    assertThat(bench.problems)
        .containsExactly(
            "virtio-echo 00:03.0: queue 0 is broken until the guest resets the device:"
                + " a buffer of length 0");
    request(second, 6);
    driver.notify(1);
    assertThat(second.usedIndex()).as("the whole device waits").isZero();
    driver.status(0);
    ModelRing ring = driver.start(0, 8);
    request(ring, 7);
    driver.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
  }

  @Test
  void shouldNeedAResetWhenARingIsNotInRam() {
    assertThat(driver.negotiate(ModelDriver.VERSION_1)).isTrue();
    driver.useMessages();
    driver.write(COMMON, 0x20, 8, -16);
    driver.write(COMMON, 0x28, 8, VirtioBench.RAM);
    driver.write(COMMON, 0x1c, 2, 1);
    driver.ready();
    bench.settle();
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 2));
  }

  @Test
  void shouldNeedAResetAndKeepTheLoopWhenTheDeviceItselfFails() {
    ModelRing ring = driver.start(0, 8);
    device.fail();
    request(ring, 5);
    driver.notify(0);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(bench.problems).singleElement().asString().contains("an error of Javelin itself");
    bench.settle();
  }

  @Test
  void shouldThrowNothingWhenTheGuestAccessesAnything() {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile accesses: " + seed);
    for (int i = 0; i < 3; i++) {
      driver.start(0, 8);
      HostileAccesses.run(bench.mmio, seed + i);
      for (int register = 0; register < 256; register += 4) {
        if (register != PciRegisters.COMMAND && register != PciRegisters.BAR_0) {
          driver.config(register, 4, seed * (register + 1));
          driver.config(register, 4);
        }
      }
      driver.status(0);
    }
    bench.settle();
    assertThat(bench.mmio.ranges()).hasSize(1);
  }

  /** Two vCPUs in the BAR, one in the configuration space, the loop with a ring that changes. */
  @Test
  @Timeout(60)
  void shouldServeAgainAfterSeveralVcpusHaveDoneAnythingAtOnce() throws InterruptedException {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile vCPUs: " + seed);
    driver.start(0, 8);
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> vcpus = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      long own = seed + i;
      vcpus.add(new Thread(() -> HostileAccesses.run(bench.mmio, own), "vcpu " + i));
    }
    vcpus.add(new Thread(() -> writeConfig(new SplittableRandom(seed)), "vcpu 2"));
    for (Thread vcpu : vcpus) {
      vcpu.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
      vcpu.start();
    }
    for (Thread vcpu : vcpus) {
      vcpu.join();
    }
    assertThat(failures).isEmpty();
    bench.pci.bus().reset();
    ModelDriver next = bench.driver();
    ModelRing ring = next.start(0, 8);
    request(ring, 7);
    next.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
  }

  private void writeConfig(SplittableRandom random) {
    for (int i = 0; i < 5_000; i++) {
      int size = 1 << random.nextInt(3);
      int offset = random.nextInt(256) & -size;
      driver.config(offset, size, random.nextLong() & (-1L >>> (64 - 8 * size)));
      driver.config(offset, size);
      if (random.nextInt(4) == 0) {
        driver.place(ModelDriver.BAR);
        driver.config(
            PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY | PciRegisters.COMMAND_MASTER);
        driver.negotiate(ModelDriver.VERSION_1);
        driver.ready();
      }
    }
  }

  @Test
  void shouldTellOfFewProblemsWhenTheGuestCausesMany() {
    for (int i = 0; i < 50; i++) {
      ModelRing ring = driver.start(0, 8);
      ring.send(1, 0x10_0000, 0);
      driver.notify(0);
      driver.status(0);
    }
    assertThat(bench.problems).hasSizeBetween(1, 10);
    assertThat(List.copyOf(bench.problems)).allMatch(line -> line.contains("length 0"));
  }
}
