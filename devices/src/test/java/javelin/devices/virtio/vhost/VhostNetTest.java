package javelin.devices.virtio.vhost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.PciRegisters;
import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.VirtioBench;
import javelin.devices.virtio.net.MacAddress;
import javelin.devices.virtio.net.NetFeature;
import javelin.devices.virtio.net.TapBackend;
import javelin.devices.virtio.net.VirtioNet;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.FakeChannel;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A network device whose queues the kernel serves, on a faked kernel. */
class VhostNetTest {
  private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");
  private static final long VERSION_1 = ModelDriver.VERSION_1;
  private static final int SIZE = 64;

  private FakeVhost kernel;

  /** Known also where the device cannot be made. */
  private VirtioBench opened;

  private VirtioBench bench;
  private ModelDriver driver;
  private final List<ModelRing> rings = new ArrayList<>();
  private final UnsafeBuffer word = NativeMemory.allocate(Long.BYTES);

  @AfterEach
  void close() {
    if (bench != null) {
      bench.close();
    }
  }

  private void open(int pairs, long features, int refused) {
    List<FakeChannel> taps = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      taps.add(new FakeChannel(false));
    }
    bench =
        new VirtioBench(
            machine -> {
              opened = machine;
              kernel = new FakeVhost(machine.syscalls, features);
              machine.syscalls.channels(TapBackend.DEVICE, taps);
              if (refused > 0) {
                int before = machine.syscalls.calls("ioctl").size();
                machine.syscalls.fail("ioctl", before + refused, Errno.EIO);
              }
              return device(machine, pairs);
            });
    driver = bench.driver();
  }

  private static VirtioNet device(VirtioBench machine, int pairs) {
    TapBackend tap = TapBackend.open(machine.linux, "tap0", pairs);
    try {
      VhostNet vhost = new VhostNet(machine.linux, machine.memory, tap.descriptors());
      return new VirtioNet(tap, MAC, queue -> machine.loop, 0, vhost);
    } catch (RuntimeException e) {
      tap.close();
      throw e;
    }
  }

  private void open(int pairs) {
    open(pairs, FakeVhost.FEATURES, 0);
  }

  private void start(long features, int queues) {
    assertThat(driver.negotiate(features | VERSION_1)).isTrue();
    driver.useMessages();
    enable(queues);
  }

  private void enable(int queues) {
    rings.clear();
    long at = 0x1_0000;
    for (int i = 0; i < queues; i++) {
      ModelRing ring = ModelRing.of(bench.memory, at, SIZE);
      rings.add(ring);
      driver.queue(i, ring);
      at = ring.end();
    }
    driver.ready();
    bench.settle();
  }

  private long host(long address) {
    return bench.memory.hostAddress(address, 1);
  }

  private boolean isSignalled(int fd) {
    return bench.syscalls.read(fd, word.addressOffset(), Long.BYTES) == Long.BYTES;
  }

  private void signal(int fd) {
    word.putLong(0, 1);
    assertThat(bench.syscalls.write(fd, word.addressOffset(), Long.BYTES)).isEqualTo(Long.BYTES);
  }

  @Test
  void shouldHandTheQueuesToTheKernel() {
    open(1);
    start(NetFeature.MRG_RXBUF | ModelDriver.EVENT_IDX | ModelDriver.RING_RESET, 2);
    FakeVhost.Device device = kernel.device(0);
    assertThat(device.features)
        .as("what it knows of")
        .isEqualTo(VERSION_1 | NetFeature.MRG_RXBUF | ModelDriver.EVENT_IDX);
    assertThat(device.memory).containsExactly(0L, (long) VirtioBench.RAM, host(0));
    for (int i = 0; i < 2; i++) {
      FakeVhost.Ring ring = device.rings[i];
      assertThat(ring.isRunning()).isTrue();
      assertThat(ring.size).isEqualTo(SIZE);
      assertThat(ring.base).isZero();
      assertThat(ring.descriptors).isEqualTo(host(rings.get(i).descriptors()));
      assertThat(ring.available).isEqualTo(host(rings.get(i).available()));
      assertThat(ring.used).isEqualTo(host(rings.get(i).used()));
      assertThat(isSignalled(ring.kick)).as("for what was there before").isTrue();
      driver.notify(i);
      assertThat(isSignalled(ring.kick)).as("nobody else takes it").isTrue();
      signal(ring.call);
      assertThat(bench.kvm.deliver()).containsExactly(new Msi(0xfee0_0000L, i));
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldOfferWhatTheKernelCanDoAndNoPackedRings() {
    open(1, VERSION_1 | ModelDriver.EVENT_IDX, 0);
    long offered = driver.offered();
    assertThat(offered & VirtioFeature.COMMON)
        .isEqualTo(VERSION_1 | ModelDriver.EVENT_IDX | ModelDriver.RING_RESET);
    assertThat(offered & NetFeature.MRG_RXBUF).isZero();
  }

  @Test
  void shouldRefuseAKernelWithoutModernDevices() {
    assertThatThrownBy(() -> open(1, 0, 0))
        .isInstanceOf(ErrnoException.class)
        .hasMessageContaining("VIRTIO_F_VERSION_1");
    opened.close();
  }

  @Test
  void shouldPassInterruptsOnWhereThereAreNoMessages() {
    open(1);
    assertThat(driver.negotiate(VERSION_1)).isTrue();
    enable(2);
    signal(kernel.device(0).rings[1].call);
    bench.settle();
    assertThat(bench.line.active()).isTrue();
  }

  @Test
  void shouldStopTheKernelAndGoOnWhereItWas() {
    open(1);
    start(ModelDriver.RING_RESET, 2);
    FakeVhost.Ring ring = kernel.device(0).rings[0];
    ring.base = 0xfff0; // What the kernel has got to.
    driver.config(PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY);
    assertThat(ring.isRunning()).isFalse();
    assertThat(kernel.device(0).rings[1].isRunning()).isFalse();
    ring.base = 0;
    driver.config(
        PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY | PciRegisters.COMMAND_MASTER);
    assertThat(ring.isRunning()).isTrue();
    assertThat(ring.base).isEqualTo(0xfff0);
    driver.write(ModelDriver.COMMON, 0x16, 2, 0);
    driver.write(ModelDriver.COMMON, 0x3a, 2, 1);
    assertThat(ring.isRunning()).as("one queue's reset").isFalse();
    driver.queue(0, rings.get(0));
    assertThat(ring.isRunning()).isTrue();
    assertThat(ring.base).isZero();
    driver.status(0);
    assertThat(ring.isRunning()).isFalse();
    start(0, 2);
    assertThat(ring.isRunning()).isTrue();
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldNeedAResetWhenTheKernelFindsFaultWithARing() {
    open(1);
    start(0, 2);
    signal(kernel.device(0).rings[1].error);
    bench.settle();
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(bench.problems)
        .singleElement()
        .asString()
        .contains("queue 1 is broken")
        .contains("the host's kernel finds fault with it");
    driver.status(0);
    start(0, 2);
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isZero();
  }

  @Test
  void shouldNeedAResetWhenARingIsNotInRam() {
    open(1);
    assertThat(driver.negotiate(VERSION_1)).isTrue();
    driver.write(ModelDriver.COMMON, 0x28, 8, VirtioBench.RAM);
    driver.write(ModelDriver.COMMON, 0x1c, 2, 1);
    driver.ready();
    assertThat(driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(kernel.device(0).rings[0].isRunning()).isFalse();
  }

  @Test
  void shouldEndAllWhenTheKernelDoesNotLetGoOfAQueue() {
    open(1);
    start(0, 2);
    kernel.refuse(VhostIoctl.VHOST_NET_SET_BACKEND, Errno.EIO);
    driver.status(0);
    assertThat(bench.syscalls.openFds()).noneMatch(line -> line.contains("vhost"));
    assertThat(bench.problems).first().asString().contains("queue 0 works no longer");
  }

  @Test
  void shouldKeepTheTableOfGuestRam() {
    open(2);
    UnsafeBuffer more = NativeMemory.allocate(8192, 4096);
    var region = bench.memory.add(1L << 32, 8192, more.addressOffset());
    for (int i = 0; i < 2; i++) {
      assertThat(kernel.device(i).memory)
          .containsExactly(
              0L, (long) VirtioBench.RAM, host(0), 1L << 32, 8192L, more.addressOffset());
    }
    bench.memory.remove(region);
    assertThat(kernel.device(1).memory).hasSize(3);
    kernel.refuse(VhostIoctl.VHOST_SET_MEM_TABLE, Errno.ENOMEM);
    assertThatThrownBy(() -> bench.memory.add(1L << 32, 8192, more.addressOffset()))
        .hasMessageContaining("VHOST_SET_MEM_TABLE");
    assertThat(bench.memory.contains(1L << 32, 1)).isFalse();
    bench.memory.remove(bench.memory.add(1L << 32, 8192, more.addressOffset()));
    assertThat(kernel.device(0).memory).hasSize(3);
  }

  private int command(int queue, int pairs) {
    bench.memory.writeU16(0x8_0000, 4); // Class MQ, command VQ_PAIRS_SET.
    bench.memory.writeU16(0x8_0002, pairs);
    bench.memory.writeU8(0x8_0010, 0xee);
    rings.get(queue).send(1, 0x8_0000, 4, 0x8_0010, 1);
    driver.notify(queue);
    bench.settle(); // Where notifications are passed on.
    return bench.memory.readU8(0x8_0010);
  }

  @Test
  void shouldKeepTheControlQueueWhereverItIs() {
    open(2);
    long many = NetFeature.CTRL_VQ | NetFeature.MQ;
    start(many, 5);
    assertThat(kernel.device(1).rings[0].isRunning()).isTrue();
    assertThat(command(4, 2)).isZero();
    driver.status(0);
    start(NetFeature.CTRL_VQ, 3);
    assertThat(kernel.device(0).rings[0].isRunning()).isTrue();
    assertThat(kernel.device(1).rings[0].isRunning()).as("it is the control queue").isFalse();
    assertThat(command(2, 1)).as("no pairs to choose from").isEqualTo(1);
    driver.status(0);
    start(many, 5);
    assertThat(kernel.device(1).rings[0].isRunning()).isTrue();
    assertThat(bench.problems).isEmpty();
  }

  /** From the tap to the reset, each request that could be refused is, once. */
  @Test
  void shouldLeaveNothingBehindWhicheverRequestIsRefused() {
    int broken = 0;
    int refused = 0;
    boolean isOver = false;
    for (int i = 1; !isOver; i++) {
      try {
        open(2, FakeVhost.FEATURES, i);
      } catch (ErrnoException e) {
        opened.close(); // Requires that nothing is open.
        refused++;
        continue;
      }
      driver.negotiate(NetFeature.CTRL_VQ | NetFeature.MQ | VERSION_1);
      driver.useMessages();
      enable(5);
      boolean isBroken = (driver.status() & ModelDriver.NEEDS_RESET) != 0;
      broken += isBroken ? 1 : 0;
      assertThat(isBroken && bench.problems.isEmpty()).as("refusal %d", i).isFalse();
      driver.status(0);
      int ioctls = bench.syscalls.calls("ioctl").size();
      bench.close();
      bench = null;
      isOver = i > ioctls;
    }
    assertThat(refused).isGreaterThan(6);
    assertThat(broken).as("7 for each of 4 queues").isGreaterThan(20);
  }
}
