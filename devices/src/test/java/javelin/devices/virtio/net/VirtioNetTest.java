package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.vmm.irq.Msi;
import javelin.vmm.linux.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Packets between a driver and a tap. */
@OnBothLayouts
class VirtioNetTest {
  private static final long TSO = 1 << 1 | 1 << 7 | 1 << 8;
  private static final long MERGE = 1 << 15;
  private static final int DEVICE = ModelDriver.DEVICE;

  private final NetBench net = NetBench.tap(1);
  private final SplittableRandom random = new SplittableRandom(1);

  @AfterEach
  void close() {
    net.close();
  }

  /** As the tap gives it: the header's last two bytes are not written by the host. */
  private byte[] packet(int frameLength) {
    byte[] packet = NetBench.frame(random, NetBench.HEADER + frameLength);
    packet[10] = (byte) 0xee;
    packet[11] = (byte) 0xee;
    return packet;
  }

  private static byte[] withBuffers(byte[] packet, int buffers) {
    byte[] expected = packet.clone();
    expected[10] = (byte) buffers;
    expected[11] = (byte) (buffers >> 8);
    return expected;
  }

  @Test
  void shouldOfferWhatTheTapCanAndTellItsAddress() {
    assertThat(net.driver.offered() & 0xff_ffff)
        .isEqualTo(1 | 1 << 1 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 11 | 1 << 12 | 1 << 15 | 1 << 16);
    assertThat(net.driver.read(DEVICE, 0, 4)).isEqualTo(0x1200_5452L);
    assertThat(net.driver.read(DEVICE, 4, 2)).isEqualTo(0x5634);
    assertThat(net.driver.read(DEVICE, 6, 2)).as("the link is up").isEqualTo(1);
    assertThat(net.driver.read(DEVICE, 8, 2)).as("pairs").isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {14, 60, 61, 1499, 1514, 9014, 65535 + 14})
  void shouldSendWhatIsInTheBuffers(int length) {
    net.start(TSO, 2);
    byte[] header = NetBench.frame(random, NetBench.HEADER);
    byte[] frame = NetBench.frame(random, length);
    net.send(header, frame, NetBench.HEADER + length);
    net.send(header, frame, NetBench.HEADER, length);
    net.send(header, frame, 5, 7, 13, length - 13);
    byte[] expected = NetBench.concat(header, frame);
    assertThat(net.peer().written()).containsExactly(expected, expected, expected);
    assertThat(net.transmit().usedIndex()).isEqualTo(3);
    assertThat(net.transmit().usedWritten(0)).isZero();
    assertThat(net.bench.kvm.deliver()).contains(new Msi(0xfee0_0000L, 1));
    assertThat(net.bench.problems).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {14, 60, 1499, 1514, 9014, 65535 + 14})
  void shouldReceiveIntoAsManyBuffersAsAPacketNeeds(int length) {
    net.start(MERGE | TSO, 2).offer(60, 1536);
    byte[] packet = packet(length);
    net.arrive(packet);
    int buffers = (packet.length + 1535) / 1536;
    assertThat(net.packet()).isEqualTo(withBuffers(packet, buffers));
    assertThat(net.unread()).isZero();
    assertThat(net.bench.kvm.deliver()).contains(new Msi(0xfee0_0000L, 0));
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldReceiveManyPacketsOfManySizesInOrder() {
    net.start(MERGE | ModelDriver.EVENT_IDX, 2);
    for (int i = 0; i < 400; i++) {
      int length = 14 + random.nextInt(i % 7 == 0 ? 20_000 : 1500);
      byte[] packet = packet(length);
      net.offer(packet.length / 1000 + 1, 1000);
      net.arrive(packet);
      byte[] got = net.packet();
      assertThat(got).isEqualTo(withBuffers(packet, (packet.length + 999) / 1000));
    }
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldLeavePacketsToTheHostWhileThereAreNoBuffers() {
    net.start(MERGE, 2);
    byte[][] packets = {packet(100), packet(200), packet(300)};
    for (byte[] packet : packets) {
      net.arrive(packet);
    }
    assertThat(net.peer().waiting()).isEqualTo(3);
    int reads = net.peer().reads();
    for (int i = 0; i < 50; i++) {
      net.bench.settle();
    }
    assertThat(net.peer().reads()).as("nothing is polled").isEqualTo(reads);
    net.offer(1, 1536);
    assertThat(net.packet()).isEqualTo(withBuffers(packets[0], 1));
    assertThat(net.peer().waiting()).isEqualTo(2);
    net.offer(2, 1536);
    assertThat(net.packet()).isEqualTo(withBuffers(packets[1], 1));
    assertThat(net.packet()).isEqualTo(withBuffers(packets[2], 1));
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldKeepAPacketThatNeedsMoreBuffersThanThereAre() {
    net.start(MERGE | TSO, 2).offer(3, 1000);
    byte[] packet = packet(7000);
    net.arrive(packet);
    assertThat(net.peer().waiting()).isZero();
    assertThat(net.receive().usedIndex()).isZero();
    net.offer(3, 1000);
    assertThat(net.receive().usedIndex()).isZero();
    net.offer(4, 1000);
    assertThat(net.packet()).isEqualTo(withBuffers(packet, 8));
    byte[] next = packet(1500);
    net.arrive(next);
    assertThat(net.packet()).isEqualTo(withBuffers(next, 2));
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldDropAndTellOfAPacketThatNoBuffersCanHold() {
    net.start(MERGE, 2).offer(NetBench.RING, 20);
    net.arrive(packet(2000));
    assertThat(net.receive().usedIndex()).isZero();
    assertThat(net.bench.problems)
        .containsExactly(
            "virtio-net 00:03.0: a packet is longer than the guest's buffers for it, and dropped");
    byte[] packet = packet(60);
    net.arrive(packet);
    assertThat(net.packet()).isEqualTo(withBuffers(packet, 4));
  }

  @Test
  void shouldFillOneBufferForAPacketWhereTheyAreNotMerged() {
    net.start(0, 2).offer(3, 1526);
    net.arrive(packet(1515));
    assertThat(net.bench.problems).hasSize(1);
    byte[] packet = packet(1514);
    net.arrive(packet);
    assertThat(net.packet()).isEqualTo(withBuffers(packet, 1));
    packet = packet(14);
    net.arrive(packet);
    assertThat(net.packet()).isEqualTo(withBuffers(packet, 1));
  }

  @Test
  void shouldWriteTheNumberOfBuffersWhereverTheHeaderIs() {
    net.start(MERGE, 2);
    long at = 0x10_0000;
    net.receive().send(0, at, 11, at + 0x1000, 1, at + 0x2000, 100);
    net.driver.notify(0);
    net.arrive(packet(14));
    assertThat(net.receive().usedWritten(0)).isEqualTo(26);
    assertThat(net.bench.memory.readU8(at + 10)).isEqualTo(1);
    assertThat(net.bench.memory.readU8(at + 0x1000)).isZero();
  }

  @Test
  void shouldWaitWhenTheHostTakesNoPacket() {
    net.start(0, 2);
    byte[] frame = NetBench.frame(random, 100);
    net.bench.syscalls.change(() -> net.peer().room(0));
    net.send(frame);
    net.send(frame);
    assertThat(net.transmit().usedIndex()).isZero();
    net.bench.syscalls.change(() -> net.peer().room(Long.MAX_VALUE));
    net.await(() -> net.transmit().usedIndex() == 2);
    assertThat(net.peer().written()).hasSize(2);
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldTellOnceWhenTheHostRefusesPackets() {
    net.start(0, 2);
    byte[] frame = NetBench.frame(random, 60);
    net.bench.syscalls.fail("writev", 1, Errno.EIO).fail("writev", 2, Errno.EIO);
    net.bench.syscalls.fail("writev", 3, Errno.EINVAL).fail("writev", 4, Errno.EINTR);
    for (int i = 0; i < 4; i++) {
      net.send(frame);
    }
    assertThat(net.transmit().usedIndex()).isEqualTo(4);
    assertThat(net.peer().written()).hasSize(1);
    assertThat(net.bench.problems)
        .containsExactly(
            "virtio-net 00:03.0: packets to send are dropped: EIO (input/output error)");
  }

  @Test
  void shouldTakeTheLinkDownWhenTheTapIsGone() {
    net.start(MERGE, 2).offer(4, 1536);
    net.bench.kvm.deliver();
    byte[] last = packet(100);
    net.arrive(last);
    net.bench.syscalls.change(() -> net.peer().end());
    net.bench.settle();
    assertThat(net.packet()).isEqualTo(withBuffers(last, 1));
    assertThat(net.driver.read(DEVICE, 6, 2)).isZero();
    assertThat(net.driver.read(ModelDriver.COMMON, 0x15, 1)).as("generation").isEqualTo(1);
    assertThat(net.bench.kvm.deliver()).contains(new Msi(0xfee0_0000L, 2));
    assertThat(net.bench.problems).singleElement().asString().contains("no packets come any more");
    int reads = net.peer().reads();
    for (int i = 0; i < 50; i++) {
      net.bench.settle();
    }
    assertThat(net.peer().reads()).isEqualTo(reads);
  }

  @Test
  void shouldNotSpinWhenTheTapIsGoneAndThereAreNoBuffers() {
    net.start(MERGE, 2);
    net.bench.syscalls.change(() -> net.peer().end());
    net.bench.settle();
    int waits = net.bench.syscalls.calls("epollWait").size();
    for (int i = 0; i < 20; i++) {
      net.bench.settle();
    }
    assertThat(net.bench.syscalls.calls("epollWait").size() - waits).isLessThan(60);
    net.offer(1, 1536);
    assertThat(net.driver.read(DEVICE, 6, 2)).isZero();
  }

  @Test
  void shouldSetTheTapUpForWhatTheDriverTakes() {
    net.start(1 << 1 | 1 << 7, 2);
    net.driver.status(0);
    net.start(1 << 7, 2);
    List<String> offloads =
        net.bench.syscalls.calls("ioctl").stream()
            .filter(call -> call.contains(", " + TapBackend.TUNSETOFFLOAD + ", "))
            .map(call -> call.substring(call.lastIndexOf(' ') + 1))
            .toList();
    assertThat(offloads)
        .as("probed, nothing, checksums and TSO4, reset, no TSO without checksums")
        .containsExactly("7)", "0)", "3)", "0)", "0)");
  }

  @Test
  void shouldForgetPacketsInFlightWhenReset() {
    net.start(MERGE | TSO, 2).offer(3, 1000);
    net.arrive(packet(7000)); // A part of it is in the buffers, the rest waits for more.
    net.bench.syscalls.change(() -> net.peer().room(0));
    net.send(NetBench.frame(random, 100));
    net.driver.status(0);
    byte[] zeros = new byte[3000];
    net.bench.memory.write(0x10_0000, zeros, 0, zeros.length);
    net.arrive(packet(50));
    byte[] after = new byte[3000];
    net.bench.memory.read(0x10_0000, after, 0, after.length);
    assertThat(after).isEqualTo(zeros);
    assertThat(net.peer().waiting()).as("left to the host").isEqualTo(1);
    net.bench.syscalls.change(() -> net.peer().room(Long.MAX_VALUE));
    net.start(MERGE, 2).offer(3, 1000);
    assertThat(net.packet()).hasSize(62);
    assertThat(net.peer().written()).isEmpty();
    byte[] frame = NetBench.frame(random, 80);
    net.send(frame);
    assertThat(Arrays.copyOfRange(net.peer().written().get(0), 12, 92)).isEqualTo(frame);
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldGoOnWithWhatWasInFlightWhenTheFunctionIsBusMasterAgain() {
    net.start(MERGE | TSO, 2).offer(3, 1000);
    byte[] packet = packet(3500);
    net.arrive(packet);
    net.bench.syscalls.change(() -> net.peer().room(0));
    net.send(NetBench.frame(random, 100));
    long command = net.driver.config(4, 2);
    net.driver.config(4, 2, command & ~4);
    net.bench.syscalls.change(() -> net.peer().room(Long.MAX_VALUE));
    net.arrive(packet(40));
    assertThat(net.transmit().usedIndex()).isZero();
    net.driver.config(4, 2, command);
    net.offer(3, 1000);
    assertThat(net.packet()).isEqualTo(withBuffers(packet, 4));
    assertThat(net.packet()).hasSize(52);
    net.await(() -> net.transmit().usedIndex() == 1);
    assertThat(net.peer().written()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void shouldNeedAResetWhenAChainIsNoPacket(int kind) {
    net.start(MERGE, 2);
    ModelRing ring = kind < 2 ? net.receive() : net.transmit();
    switch (kind) {
      case 0 -> ring.send(1, 0x10_0000, 1536);
      case 1 -> ring.send(0, 0x10_0000, 11);
      case 2 -> ring.send(0, 0x10_0000, 100);
      default -> ring.send(1, 0x10_0000, 11);
    }
    net.driver.notify(kind / 2);
    assertThat(net.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
    assertThat(net.bench.problems).hasSize(1);
    net.arrive(packet(100));
    int waits = net.bench.syscalls.calls("epollWait").size();
    for (int i = 0; i < 20; i++) {
      net.bench.settle();
    }
    assertThat(net.bench.syscalls.calls("epollWait").size() - waits)
        .as("a broken device does not spin")
        .isLessThan(60);
    net.driver.status(0);
    net.start(MERGE, 2).offer(1, 1536);
    assertThat(net.packet()).hasSize(112);
  }
}
