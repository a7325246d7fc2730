package javelin.devices.virtio.blk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.function.Consumer;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.FakeUring;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk on a faked io_uring, which does what kernels rarely do. */
@OnBothLayouts
class UringErrorTest {
  private static final String DISK = "/disk";
  private static final int LENGTH = 1 << 16;

  private FakeUring kernel;

  private VirtioBench bench = bench(syscalls -> {});
  private BlkDriver driver = new BlkDriver(bench, VirtioBlk.FLUSH);

  private VirtioBench bench(Consumer<FakeSyscalls> script) {
    return new VirtioBench(
        machine -> {
          machine.syscalls.file(DISK, new byte[LENGTH]);
          machine.syscalls.fail("ioctl", 1, Errno.ENOTTY).fail("ioctl", 2, Errno.ENOTTY);
          kernel = new FakeUring(machine.syscalls);
          script.accept(machine.syscalls);
          return new VirtioBlk(
              new RawDisk(machine.linux.open(DISK, Linux.O_RDWR), false, false, RawDisk.Aio.URING),
              "",
              1);
        });
  }

  /** A machine whose kernel does not let a loop watch the ring. */
  private void restartUnwatched(Consumer<FakeSyscalls> script) {
    // The bench itself watches something behind the device.
    int last = bench.syscalls.calls("epollCtl").size() - 1;
    bench.close();
    bench =
        bench(
            syscalls -> {
              // What the machine watched before it had the device is behind it.
              int sofar = syscalls.calls("epollCtl").size();
              syscalls.fail("epollCtl", last - sofar, Errno.ENOMEM);
              script.accept(syscalls);
            });
    driver = new BlkDriver(bench, VirtioBlk.FLUSH);
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private static byte[] bytes(int value) {
    byte[] bytes = new byte[2048];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private byte[] disk(int sector) {
    return Arrays.copyOfRange(bench.syscalls.fileContents(DISK), sector * 512, sector * 512 + 2048);
  }

  @Test
  void shouldReadAndWriteAndLeaveTheRestToThreads() {
    assertThat(driver.write(4, bytes(7))).isEqualTo(BlkDriver.OK);
    assertThat(disk(4)).isEqualTo(bytes(7));
    assertThat(driver.read(4, 2048)).isEqualTo(BlkDriver.OK);
    assertThat(bench.memory.readU8(BlkDriver.DATA + 2047)).isEqualTo(7);
    assertThat(driver.written()).isEqualTo(2049);
    assertThat(driver.plain(BlkDriver.IN)).as("no bytes").isEqualTo(BlkDriver.OK);
    assertThat(kernel.enters()).isEqualTo(2);
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldTellOfAFullDiskAndGoOn() {
    kernel.end(-Errno.ENOSPC.number());
    assertThat(driver.write(0, bytes(1))).isEqualTo(BlkDriver.IOERR);
    assertThat(bench.problems)
        .containsExactly(
            "virtio-blk 00:03.0: write of 2048 bytes at 0: ENOSPC (no space left on the device)");
    assertThat(driver.write(0, bytes(2))).isEqualTo(BlkDriver.OK);
    assertThat(disk(0)).isEqualTo(bytes(2));
  }

  @Test
  void shouldGoOnWhereAReadEndedShortOrWasInterrupted() {
    assertThat(driver.write(0, bytes(3))).isEqualTo(BlkDriver.OK);
    kernel.end(512, -Errno.EINTR.number());
    assertThat(driver.read(0, 2048)).isEqualTo(BlkDriver.OK);
    assertThat(kernel.enters()).isEqualTo(4);
    assertThat(bench.memory.readU8(BlkDriver.DATA + 512)).isEqualTo(3);
    kernel.end(0);
    assertThat(driver.read(0, 2048)).as("a file that was shortened").isEqualTo(BlkDriver.IOERR);
  }

  /** The threads do what the ring does not take. */
  @ParameterizedTest
  @EnumSource(names = {"EAGAIN", "EBUSY"})
  void shouldLoseNothingWhenTheKernelIsShortOfRoom(Errno errno) {
    kernel.refuse(errno);
    writeByThreads();
  }

  @Test
  void shouldLeaveRequestsToThreadsWhenTheKernelSignalsNoEnds() {
    restartUnwatched(syscalls -> syscalls.fail("ioUringRegister", 1, Errno.ENOMEM));
    writeByThreads();
    assertThat(kernel.enters()).isZero();
    BlkDriver again = new BlkDriver(bench, VirtioBlk.FLUSH);
    assertThat(again.read(8, 2048)).isEqualTo(BlkDriver.OK);
    assertThat(kernel.enters()).isEqualTo(1);
  }

  @Test
  void shouldHaveEndsSignalledWhenTheRingCannotBeWatched() {
    assertThat(bench.syscalls.calls("ioUringRegister")).as("where it can be").isEmpty();
    restartUnwatched(syscalls -> {});
    assertThat(driver.write(4, bytes(7))).isEqualTo(BlkDriver.OK);
    assertThat(driver.read(4, 2048)).isEqualTo(BlkDriver.OK);
    assertThat(bench.syscalls.calls("ioUringRegister")).hasSize(1);
    assertThat(kernel.enters()).isEqualTo(2);
  }

  private void writeByThreads() {
    bench.memory.write(BlkDriver.DATA, bytes(5));
    bench.memory.writeU32(BlkDriver.HEADER, BlkDriver.OUT);
    bench.memory.writeU64(BlkDriver.HEADER + 8, 8);
    bench.memory.writeU8(BlkDriver.STATUS, BlkDriver.NO_STATUS);
    driver.ring.send(2, BlkDriver.HEADER, 16, BlkDriver.DATA, 2048, BlkDriver.STATUS, 1);
    driver.driver.notify(0);
    // Which waits for the threads, and is no error of theirs.
    driver.driver.status(0);
    assertThat(bench.memory.readU8(BlkDriver.STATUS)).isEqualTo(BlkDriver.OK);
    assertThat(disk(8)).isEqualTo(bytes(5));
    assertThat(bench.syscalls.calls("pwritev")).hasSize(1);
  }

  @Test
  void shouldEndRequestsThatTheKernelRefuses() {
    kernel.refuse(Errno.EPERM);
    assertThat(driver.write(0, bytes(1))).isEqualTo(BlkDriver.IOERR);
    assertThat(bench.problems).hasSize(1).first().asString().contains("EPERM");
    assertThat(driver.write(0, bytes(2))).isEqualTo(BlkDriver.OK);
  }

  @Test
  void shouldWaitForWhatIsInFlightWhenItIsReset() {
    kernel.hold();
    bench.memory.writeU32(BlkDriver.HEADER, BlkDriver.IN);
    bench.memory.writeU64(BlkDriver.HEADER + 8, 0);
    bench.memory.writeU8(BlkDriver.STATUS, BlkDriver.NO_STATUS);
    for (int i = 0; i < 3; i++) {
      driver.ring.send(1, BlkDriver.HEADER, 16, BlkDriver.DATA, 512, BlkDriver.STATUS, 1);
    }
    driver.driver.notify(0);
    assertThat(kernel.held()).as("in one batch").isEqualTo(3);
    assertThat(kernel.enters()).isEqualTo(1);
    assertThat(driver.ring.usedIndex()).isZero();
    driver.driver.status(0);
    assertThat(kernel.held()).isZero();
    assertThat(bench.memory.readU8(BlkDriver.STATUS)).isEqualTo(BlkDriver.OK);
    ModelRing next = driver.driver.start(0, 4);
    assertThat(next.usedIndex()).isZero();
  }

  @Test
  void shouldLeaveNothingBehindWhenThereIsNoRing() {
    assertThatThrownBy(
            () ->
                new VirtioBench(
                    machine -> {
                      machine.syscalls.file(DISK, new byte[LENGTH]);
                      RawDisk disk =
                          new RawDisk(
                              machine.linux.open(DISK, Linux.O_RDWR),
                              false,
                              false,
                              RawDisk.Aio.URING);
                      try {
                        disk.channel(machine.linux::eventFd);
                      } catch (RuntimeException e) {
                        disk.close();
                        assertThat(machine.syscalls.openFds())
                            .noneMatch(line -> line.contains(DISK) || line.contains("uring"));
                        throw e;
                      }
                      return null;
                    }))
        .hasMessageContaining("io_uring_setup")
        .hasMessageContaining("ENOSYS");
  }
}
