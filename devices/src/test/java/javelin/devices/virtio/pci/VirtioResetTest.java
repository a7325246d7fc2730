package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Resets, of one queue, the device and the machine. */
class VirtioResetTest extends EchoTestBench {
  @Test
  void shouldStartAnewAfterAReset() {
    ModelRing ring = driver.start(ModelDriver.EVENT_IDX, 8);
    request(ring, 5);
    driver.notify(0);
    driver.status(0);
    assertThat(driver.read(COMMON, 0x1c, 2)).isZero();
    assertThat(driver.read(COMMON, 0x10, 2)).isEqualTo(NO_VECTOR);
    request(ring, 6);
    driver.notify(0);
    assertThat(ring.usedIndex()).as("the old ring is left alone").isEqualTo(1);
    ModelRing next = driver.start(0, 4);
    request(next, 7);
    driver.notify(0);
    assertThat(next.usedIndex()).isEqualTo(1);
    assertThat(bench.memory.readU64(REPLY)).isEqualTo(7);
  }

  @Test
  @Timeout(30)
  void shouldEndTheRequestInFlightBeforeAResetIsOver() throws Exception {
    ModelRing ring = driver.start(0, 8);
    device.hold();
    request(ring, 5);
    request(ring, 6);
    driver.write(ModelDriver.NOTIFY, 0, 2, 0);
    device.awaitHeld();
    Thread vcpu = new Thread(() -> driver.status(0), "vcpu");
    vcpu.start();
    vcpu.join(100);
    assertThat(vcpu.isAlive()).as("waits for the request").isTrue();
    assertThat(driver.config(PciRegisters.VENDOR, 2)).as("others go on").isEqualTo(0x1af4);
    device.release();
    vcpu.join();
    assertThat(driver.status()).isZero();
    assertThat(device.handled).as("not those behind it").hasValue(1);
    int used = ring.usedIndex();
    bench.memory.writeU64(REPLY, 0);
    bench.settle();
    assertThat(ring.usedIndex()).isEqualTo(used);
    assertThat(bench.memory.readU64(REPLY)).isZero();
  }

  @Test
  void shouldResetOneQueueAlone() {
    ModelRing first = driver.start(ModelDriver.RING_RESET, 8);
    ModelRing second = ModelRing.of(bench.memory, first.end(), 4);
    driver.queue(1, second);
    driver.write(COMMON, 0x16, 2, 0);
    driver.write(COMMON, 0x3a, 2, 1);
    assertThat(driver.read(COMMON, 0x3a, 2)).as("it is over").isZero();
    assertThat(driver.read(COMMON, 0x1c, 2)).isZero();
    request(first, 5);
    driver.notify(0);
    assertThat(first.usedIndex()).isZero();
    request(second, 6);
    driver.notify(1);
    assertThat(second.usedIndex()).isEqualTo(1);
    ModelRing again = ModelRing.of(bench.memory, second.end(), 16);
    driver.queue(0, again);
    request(again, 7);
    driver.notify(0);
    assertThat(again.usedIndex()).isEqualTo(1);
  }

  @Test
  void shouldLeaveAQueueAloneWhenItsResetWasNotNegotiated() {
    ModelRing ring = driver.start(0, 8);
    driver.write(COMMON, 0x3a, 2, 1);
    request(ring, 5);
    driver.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
  }

  @Test
  void shouldReturnToPowerOnWhenTheMachineIsReset() {
    driver.start(0, 8);
    bench.pci.bus().reset();
    assertThat(bench.kvm.doorbells()).isEmpty();
    assertThat(bench.kvm.irqfds()).isZero();
    assertThat(driver.config(PciRegisters.COMMAND, 2)).isZero();
    ModelDriver next = bench.driver();
    assertThat(next.status()).isZero();
    ModelRing ring = next.start(0, 8);
    request(ring, 5);
    next.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
  }

  @Test
  void shouldLeaveGuestRamAloneWhileItIsNoBusMaster() {
    ModelRing ring = driver.start(0, 8);
    driver.config(PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY);
    request(ring, 5);
    driver.notify(0);
    assertThat(ring.usedIndex()).isZero();
    driver.config(
        PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY | PciRegisters.COMMAND_MASTER);
    bench.settle();
    assertThat(ring.usedIndex()).as("what has come meanwhile").isEqualTo(1);
  }
}
