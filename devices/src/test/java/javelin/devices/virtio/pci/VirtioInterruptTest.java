package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.EventFd;
import org.junit.jupiter.api.Test;

/** The ways by which a function interrupts. */
class VirtioInterruptTest extends EchoTestBench {
  @Test
  void shouldDriveThePinUntilTheIsrIsRead() {
    assertThat(driver.negotiate(ModelDriver.VERSION_1)).isTrue();
    ModelRing ring = ModelRing.of(bench.memory, 0x1_0000, 4);
    driver.queue(0, ring);
    driver.ready();
    request(ring, 5);
    driver.notify(0);
    assertThat(bench.line.active()).isTrue();
    assertThat(driver.config(PciRegisters.STATUS, 2) & PciRegisters.STATUS_INTERRUPT).isNotZero();
    driver.config(
        PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY | PciRegisters.COMMAND_INTX_DISABLE);
    assertThat(bench.line.active()).isFalse();
    driver.config(PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY);
    assertThat(bench.line.active()).isTrue();
    assertThat(driver.read(ModelDriver.ISR, 0, 1)).isEqualTo(1);
    assertThat(bench.line.active()).isFalse();
    assertThat(driver.read(ModelDriver.ISR, 0, 1)).isZero();
    assertThat(driver.config(PciRegisters.STATUS, 2) & PciRegisters.STATUS_INTERRUPT).isZero();
  }

  @Test
  void shouldHoldAMessageBackWhileItsVectorIsMasked() {
    ModelRing ring = driver.start(0, 8);
    int changes = bench.kvm.routeChanges();
    driver.mask(0);
    request(ring, 5);
    driver.notify(0);
    assertThat(bench.kvm.deliver()).isEmpty();
    assertThat(driver.pending()).isEqualTo(1);
    driver.unmask(0);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
    assertThat(driver.pending()).isZero();
    driver.msix(true, true);
    request(ring, 6);
    driver.notify(0);
    assertThat(bench.kvm.deliver()).isEmpty();
    assertThat(bench.kvm.irqfds()).isZero();
    driver.msix(true, false);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
    assertThat(bench.kvm.routeChanges()).as("masking routes nothing").isEqualTo(changes);
  }

  @Test
  void shouldBeSilentWhenAQueueHasNoVector() {
    ModelRing ring = driver.start(0, 8);
    driver.write(COMMON, 0x16, 2, 0);
    driver.write(COMMON, 0x1a, 2, NO_VECTOR);
    request(ring, 5);
    driver.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
    assertThat(bench.kvm.deliver()).isEmpty();
    assertThat(bench.line.active()).isFalse();
  }

  @Test
  void shouldLetOthersRaiseTheVectorOfAQueue() {
    assertThat(device.transport.interruptEvent(0)).as("without MSI-X").isNull();
    driver.start(0, 8);
    EventFd event = device.transport.interruptEvent(0);
    event.signal();
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
    driver.mask(0);
    event.signal();
    assertThat(bench.kvm.deliver()).isEmpty();
    assertThat(driver.pending()).isEqualTo(1);
    driver.unmask(0);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
    assertThat(device.transport.interruptEvent(1)).as("without a vector").isNull();
  }

  @Test
  void shouldLeaveAVectorSilentWhenKvmRefusesItsMessage() {
    ModelRing ring = driver.start(0, 8);
    bench.mmio.write(driver.msixTable() + 4, 4, 0x55);
    assertThat(bench.problems)
        .singleElement()
        .asString()
        .contains("MSI-X vector 0 stays silent: message 0x0 to 0x55fee00000")
        .contains("EINVAL");
    request(ring, 5);
    driver.notify(0);
    assertThat(bench.kvm.deliver()).isEmpty();
    bench.mmio.write(driver.msixTable() + 4, 4, 0);
    assertThat(bench.kvm.deliver()).as("it has waited").containsExactly(new Msi(MESSAGES, 0));
  }
}
