package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.bench.EchoDevice;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.irq.Msi;
import org.junit.jupiter.api.Test;

/** What a function looks like, how it is set up, and how it is notified. */
class VirtioPciTest extends EchoTestBench {
  @Test
  void shouldShowItselfAsAModernDevice() {
    assertThat(driver.config(PciRegisters.VENDOR, 2)).isEqualTo(0x1af4);
    assertThat(driver.config(PciRegisters.DEVICE, 2)).isEqualTo(0x1040 + EchoDevice.TYPE);
    assertThat(driver.config(PciRegisters.REVISION, 1)).isEqualTo(1);
    assertThat(driver.config(PciRegisters.INTERRUPT_PIN, 1)).isEqualTo(1);
    assertThat(driver.vectors()).isEqualTo(3);
    assertThat(driver.read(COMMON, 0x12, 2)).as("queues").isEqualTo(2);
    assertThat(driver.offered())
        .isEqualTo(
            EchoDevice.FEATURE
                | ModelDriver.VERSION_1
                | ModelDriver.INDIRECT_DESC
                | ModelDriver.EVENT_IDX
                | ModelDriver.RING_PACKED
                | ModelDriver.RING_RESET);
    driver.write(COMMON, 0x00, 4, 2);
    assertThat(driver.read(COMMON, 0x04, 4)).as("features above 63").isZero();
  }

  @Test
  void shouldLeadToTheDevicesConfiguration() {
    assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isEqualTo(0x1234_5678);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 8)).isEqualTo(0x9abc_def0_1234_5678L);
    driver.write(ModelDriver.DEVICE, 0, 4, 7);
    assertThat(driver.read(ModelDriver.DEVICE, 0, 4)).isEqualTo(7);
    assertThat(driver.read(ModelDriver.DEVICE, 8, 4)).as("behind its end").isZero();
    driver.write(ModelDriver.DEVICE, 6, 4, -1);
  }

  @Test
  void shouldReachTheBarThroughTheConfigurationSpace() {
    int access = driver.capability(ModelDriver.PCI_ACCESS);
    driver.config(access + 4, 1, 0);
    driver.config(access + 8, 4, 0x14);
    driver.config(access + 12, 4, 1);
    driver.config(access + 16, 1, ModelDriver.ACKNOWLEDGE);
    assertThat(driver.status()).isEqualTo(ModelDriver.ACKNOWLEDGE);
    assertThat(driver.config(access + 16, 1)).isEqualTo(ModelDriver.ACKNOWLEDGE);
    driver.config(access + 8, 4, 0x2000);
    driver.config(access + 12, 4, 4);
    assertThat(driver.config(access + 16, 4)).isEqualTo(0x1234_5678);
    long[][] wrong = {{1, 0, 4}, {0, 0x7ffe, 4}, {0, 0xffff_ffffL, 1}, {0, 0, 3}, {0, 2, 4}};
    for (long[] setUp : wrong) {
      driver.config(access + 4, 1, setUp[0]);
      driver.config(access + 8, 4, setUp[1]);
      driver.config(access + 12, 4, setUp[2]);
      driver.config(access + 16, 4, 0);
      driver.config(access + 16, 4);
    }
    assertThat(driver.status()).as("untouched").isEqualTo(ModelDriver.ACKNOWLEDGE);
  }

  @Test
  void shouldRefuseFeaturesWhenTheyAreNotOfferedOrNotModern() {
    assertThat(driver.negotiate(EchoDevice.FEATURE)).as("without VERSION_1").isFalse();
    driver.ready();
    assertThat(driver.status() & ModelDriver.DRIVER_OK).isZero();
    driver.status(0);
    assertThat(driver.negotiate(ModelDriver.VERSION_1 | 1L << 50)).isFalse();
    driver.status(0);
    assertThat(driver.negotiate(ModelDriver.VERSION_1 | EchoDevice.FEATURE)).isTrue();
    driver.write(COMMON, 0x08, 4, 0);
    driver.write(COMMON, 0x0c, 4, 0);
    assertThat(driver.read(COMMON, 0x0c, 4)).as("too late").isEqualTo(EchoDevice.FEATURE);
  }

  @Test
  void shouldKeepStatusBitsUntilAReset() {
    driver.status(ModelDriver.ACKNOWLEDGE);
    driver.status(ModelDriver.DRIVER);
    assertThat(driver.status()).isEqualTo(ModelDriver.ACKNOWLEDGE | ModelDriver.DRIVER);
    driver.status(ModelDriver.NEEDS_RESET);
    assertThat(driver.status()).isEqualTo(ModelDriver.ACKNOWLEDGE | ModelDriver.DRIVER);
    driver.status(0);
    assertThat(driver.status()).isZero();
    assertThat(device.resets).hasValue(1);
  }

  @Test
  void shouldTakeAQueuesRegistersUntilItIsEnabled() {
    driver.write(COMMON, 0x16, 2, 1);
    assertThat(driver.read(COMMON, 0x18, 2)).isEqualTo(EchoDevice.QUEUE_SIZE);
    for (int size : new int[] {0, 3, 32, 0xffff}) {
      driver.write(COMMON, 0x18, 2, size);
      assertThat(driver.read(COMMON, 0x18, 2)).isEqualTo(EchoDevice.QUEUE_SIZE);
    }
    driver.write(COMMON, 0x18, 2, 4);
    driver.write(COMMON, 0x20, 8, 0x1_2345_6780L);
    assertThat(driver.read(COMMON, 0x24, 4)).isEqualTo(1);
    driver.write(COMMON, 0x1c, 2, 1);
    driver.write(COMMON, 0x20, 4, 0);
    driver.write(COMMON, 0x18, 2, 8);
    driver.write(COMMON, 0x1c, 2, 0);
    assertThat(driver.read(COMMON, 0x20, 8)).isEqualTo(0x1_2345_6780L);
    assertThat(driver.read(COMMON, 0x18, 2)).isEqualTo(4);
    assertThat(driver.read(COMMON, 0x1c, 2)).isEqualTo(1);
    assertThat(driver.read(COMMON, 0x1e, 2)).as("its place to notify").isEqualTo(1);
    driver.write(COMMON, 0x16, 2, 2);
    assertThat(driver.read(COMMON, 0x18, 2)).as("no such queue").isZero();
    driver.write(COMMON, 0x1c, 2, 1);
    assertThat(driver.read(COMMON, 0x1c, 2)).isZero();
  }

  @Test
  void shouldTakeVectorsThatExistOnly() {
    assertThat(driver.read(COMMON, 0x10, 2)).isEqualTo(NO_VECTOR);
    driver.write(COMMON, 0x10, 2, 2);
    assertThat(driver.read(COMMON, 0x10, 2)).isEqualTo(2);
    driver.write(COMMON, 0x10, 2, 3);
    assertThat(driver.read(COMMON, 0x10, 2)).isEqualTo(NO_VECTOR);
    driver.write(COMMON, 0x16, 2, 7);
    driver.write(COMMON, 0x1a, 2, 1);
    assertThat(driver.read(COMMON, 0x1a, 2)).as("no such queue").isEqualTo(NO_VECTOR);
  }

  @Test
  void shouldServeNothingBeforeTheDriverIsReady() {
    assertThat(driver.negotiate(ModelDriver.VERSION_1)).isTrue();
    ModelRing ring = ModelRing.of(bench.memory, 0x1_0000, 4);
    driver.queue(0, ring);
    request(ring, 5);
    driver.notify(0);
    assertThat(ring.usedIndex()).isZero();
    driver.ready();
    bench.settle();
    assertThat(ring.usedIndex()).as("without another notification").isEqualTo(1);
    assertThat(bench.memory.readU64(REPLY)).isEqualTo(5);
  }

  @Test
  void shouldServeByDoorbellAndInterruptByMessageWithoutAnExit() {
    ModelRing ring = driver.start(0, 8);
    assertThat(bench.kvm.doorbells())
        .containsExactly(ModelDriver.BAR + 0x3000, ModelDriver.BAR + 0x3004);
    request(ring, 0x1122_3344_5566_7788L);
    driver.notify(0);
    assertThat(bench.memory.readU64(REPLY)).isEqualTo(0x1122_3344_5566_7788L);
    assertThat(ring.usedWritten(0)).isEqualTo(8);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
    assertThat(bench.line.active()).isFalse();
    assertThat(driver.read(ModelDriver.ISR, 0, 1)).as("not used with messages").isZero();
  }

  @Test
  void shouldServeBothQueues() {
    ModelRing first = driver.start(ModelDriver.EVENT_IDX, 8);
    ModelRing second = ModelRing.of(bench.memory, first.end(), 4);
    driver.queue(1, second);
    request(second, 9);
    driver.notify(1);
    assertThat(second.usedIndex()).isEqualTo(1);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 1));
    request(first, 10);
    driver.notify(0);
    assertThat(first.usedIndex()).isEqualTo(1);
    assertThat(bench.kvm.deliver()).containsExactly(new Msi(MESSAGES, 0));
  }

  @Test
  void shouldMoveTheDoorbellsWithTheBar() {
    ModelRing ring = driver.start(0, 8);
    long moved = ModelDriver.BAR + 0x10_0000;
    driver.place(moved);
    assertThat(bench.kvm.doorbells()).containsExactly(moved + 0x3000, moved + 0x3004);
    request(ring, 3);
    driver.notify(0);
    assertThat(ring.usedIndex()).isEqualTo(1);
    driver.config(PciRegisters.COMMAND, 2, 0);
    assertThat(bench.kvm.doorbells()).isEmpty();
    driver.place(VirtioBench.WINDOW.base() + VirtioBench.WINDOW.length());
    driver.config(PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY);
    assertThat(bench.kvm.doorbells()).as("outside the window").isEmpty();
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldTrapNotificationsWhenKvmHasNoRoomForDoorbells() {
    bench.kvm.refuseIoeventfds();
    driver.place(ModelDriver.BAR + 0x10_0000);
    ModelRing ring = driver.start(0, 8);
    request(ring, 3);
    driver.notify(0);
    assertThat(bench.kvm.doorbells()).isEmpty();
    assertThat(ring.usedIndex()).isEqualTo(1);
    assertThat(bench.problems)
        .hasSize(2)
        .first()
        .asString()
        .contains("virtio-echo 00:03.0: notifications of queue 0 take the slow way: ")
        .contains("ENOSPC");
  }
}
