package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames between a driver and a stream, as passt has it. */
@OnBothLayouts
class StreamNetTest {
  private static final long MERGE = 1 << 15;

  private final NetBench net = NetBench.stream();
  private final SplittableRandom random = new SplittableRandom(2);

  @AfterEach
  void close() {
    net.close();
  }

  private static byte[] received(byte[] frame, int buffers) {
    byte[] header = new byte[NetBench.HEADER];
    header[10] = (byte) buffers;
    return NetBench.concat(header, frame);
  }

  private byte[] sent() {
    return NetBench.concat(net.peer().written().toArray(new byte[0][]));
  }

  @Test
  void shouldOfferNoOffloads() {
    assertThat(net.driver.offered() & 0xff_ffff).isEqualTo(1 << 5 | 1 << 15 | 1 << 16);
  }

  @ParameterizedTest
  @ValueSource(ints = {14, 60, 1514, 1515, 9014, 65534, 65543})
  void shouldMoveFramesOfAllLengthsBothWays(int length) {
    net.start(MERGE, 2).offer(60, 1536);
    byte[] frame = NetBench.frame(random, length);
    net.arrive(NetBench.framed(frame));
    assertThat(net.packet()).isEqualTo(received(frame, (length + 12 + 1535) / 1536));
    net.send(new byte[12], frame, 5, 7, 1, length - 1);
    net.send(frame);
    assertThat(sent()).isEqualTo(NetBench.concat(NetBench.framed(frame), NetBench.framed(frame)));
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldReadTheLengthOfTheNextFrameWithEach() {
    net.start(MERGE, 2).offer(60, 1536);
    byte[] frame = NetBench.framed(NetBench.frame(random, 100));
    byte[] many = NetBench.concat(frame, frame, frame, frame, frame, frame, frame, frame);
    int reads = net.peer().reads();
    net.arrive(many);
    for (int i = 0; i < 8; i++) {
      assertThat(net.packet()).hasSize(112);
    }
    assertThat(net.peer().reads() - reads)
        .as("one for each, one first, one that finds nothing")
        .isLessThanOrEqualTo(10);
  }

  @Test
  void shouldPutFramesTogetherHoweverTheyAreCut() {
    long seed = System.nanoTime();
    System.out.println("seed of the cut frames: " + seed);
    SplittableRandom cuts = new SplittableRandom(seed);
    net.start(MERGE | ModelDriver.EVENT_IDX, 2).offer(40, 700);
    byte[] stream = {};
    byte[][] frames = new byte[60][];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = NetBench.frame(cuts, 14 + cuts.nextInt(i % 5 == 0 ? 6000 : 300));
      stream = NetBench.concat(stream, NetBench.framed(frames[i]));
    }
    int next = 0;
    for (int at = 0; at < stream.length; ) {
      int part = Math.min(stream.length - at, 1 + cuts.nextInt(cuts.nextBoolean() ? 5 : 900));
      net.arrive(Arrays.copyOfRange(stream, at, at + part));
      at += part;
      while (net.unread() > 0) {
        byte[] packet = net.packet();
        byte[] frame = frames[next++];
        assertThat(packet).as("seed %d", seed).isEqualTo(received(frame, packet[10]));
        net.offer(packet[10], 700);
      }
    }
    assertThat(next).as("seed %d", seed).isEqualTo(frames.length);
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldLeaveAFrameInTheSocketUntilThereIsRoomForAllOfIt() {
    net.start(MERGE, 2).offer(1, 500);
    byte[] frame = NetBench.frame(random, 1400);
    net.arrive(NetBench.framed(frame));
    assertThat(net.peer().waiting()).isEqualTo(1);
    net.offer(1, 500);
    assertThat(net.receive().usedIndex()).isZero();
    net.offer(1, 500);
    assertThat(net.packet()).isEqualTo(received(frame, 3));
  }

  @Test
  void shouldDropAFrameThatNoBufferCanHoldAndStayInStep() {
    net.start(0, 2).offer(2, 1526);
    byte[] frame = NetBench.frame(random, 1514);
    net.arrive(
        NetBench.concat(NetBench.framed(NetBench.frame(random, 40_000)), NetBench.framed(frame)));
    assertThat(net.packet()).isEqualTo(received(frame, 1));
    assertThat(net.bench.problems).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 13, 65535 + 14 + 9, 1 << 30, -1})
  void shouldTakeTheLinkDownWhenALengthIsNone(int length) {
    net.start(MERGE, 2).offer(4, 1536);
    net.arrive((byte) (length >> 24), (byte) (length >> 16), (byte) (length >> 8), (byte) length);
    net.arrive(new byte[100]);
    assertThat(net.driver.read(ModelDriver.DEVICE, 6, 2)).isZero();
    assertThat(net.bench.problems)
        .containsExactly("virtio-net 00:03.0: no packets come any more: EPROTO (protocol error)");
    assertThat(net.receive().usedIndex()).isZero();
  }

  @Test
  void shouldTakeTheLinkDownWhenTheOtherEndIsGone() {
    net.start(MERGE, 2).offer(4, 1536);
    net.bench.syscalls.change(() -> net.peer().end());
    net.bench.settle();
    assertThat(net.driver.read(ModelDriver.DEVICE, 6, 2)).isZero();
    net.send(NetBench.frame(random, 60));
    net.send(NetBench.frame(random, 60));
    assertThat(net.transmit().usedIndex()).isEqualTo(2);
    assertThat(net.bench.problems)
        .containsExactly(
            "virtio-net 00:03.0: no packets come any more: ECONNRESET (connection reset by the"
                + " peer)",
            "virtio-net 00:03.0: packets to send are dropped: EPIPE (broken pipe)");
  }

  @Test
  void shouldSendTheRestOfAFrameWhenThereIsRoomAgain() {
    net.start(0, 2);
    byte[] frame = NetBench.frame(random, 1000);
    net.bench.syscalls.change(() -> net.peer().room(2));
    net.send(frame);
    net.send(frame);
    assertThat(net.transmit().usedIndex()).isZero();
    for (int i = 0; i < 3; i++) {
      net.bench.syscalls.change(() -> net.peer().room(333));
      net.await(() -> net.peer().isFull());
    }
    net.bench.syscalls.change(() -> net.peer().room(Long.MAX_VALUE));
    net.await(() -> net.transmit().usedIndex() == 2);
    assertThat(sent()).isEqualTo(NetBench.concat(NetBench.framed(frame), NetBench.framed(frame)));
  }

  @Test
  void shouldDropFramesThatAreNoneAndSendTheNext() {
    net.start(0, 2);
    net.send(NetBench.frame(random, 13));
    net.send(NetBench.frame(random, 65_600));
    byte[] frame = NetBench.frame(random, 14);
    net.send(frame);
    assertThat(net.transmit().usedIndex()).isEqualTo(3);
    assertThat(sent()).isEqualTo(NetBench.framed(frame));
  }

  @Test
  void shouldKeepTheStreamInStepWhenResetAmidFrames() {
    net.start(MERGE, 2).offer(4, 1536);
    byte[] cut = NetBench.framed(NetBench.frame(random, 1200));
    net.arrive(Arrays.copyOf(cut, 600));
    byte[] first = NetBench.frame(random, 900);
    net.bench.syscalls.change(() -> net.peer().room(500));
    net.send(first);
    net.send(first); // Not begun, so it goes with the reset.
    net.driver.status(0);
    byte[] other = new byte[900];
    net.bench.memory.write(NetBench.SENT, other, 0, other.length);
    net.arrive(Arrays.copyOfRange(cut, 600, cut.length));

    net.start(MERGE, 2).offer(4, 1536);
    byte[] frame = NetBench.frame(random, 300);
    net.arrive(NetBench.framed(frame));
    assertThat(net.packet()).isEqualTo(received(frame, 1));
    net.send(frame);
    net.bench.syscalls.change(() -> net.peer().room(Long.MAX_VALUE));
    net.await(() -> net.transmit().usedIndex() == 1);
    assertThat(sent()).isEqualTo(NetBench.concat(NetBench.framed(first), NetBench.framed(frame)));
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldSayWhichCallFailedWhenNothingListens() {
    try (FakeSyscalls syscalls = new FakeSyscalls()) {
      Linux linux = new Linux(syscalls);
      syscalls.fail("connect", 1, Errno.ECONNREFUSED).fail("socket", 2, Errno.EMFILE);
      assertThatThrownBy(() -> StreamBackend.connect(linux, "/run/s"))
          .hasMessage("connect /run/s: ECONNREFUSED (connection refused)");
      assertThatThrownBy(() -> StreamBackend.connect(linux, "/run/s"))
          .hasMessage("socket /run/s: EMFILE (too many open files in the process)");
      assertThatThrownBy(() -> StreamBackend.connect(linux, "x".repeat(108)))
          .hasMessageContaining("1 to 107 bytes");
      syscalls.requireNothingOpen();
    }
  }
}
