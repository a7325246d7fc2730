package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.vmm.linux.Errno;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Several pairs of queues, and the control queue by which they are used. */
@OnBothLayouts
class MultiQueueTest {
  private static final long MERGE = 1 << 15;
  private static final long MQ = 1 << 17 | 1 << 22;
  private static final int PAIRS = 3;
  private static final long COMMAND = 0x7_0000;
  private static final long STATUS = COMMAND + 16;

  private final NetBench net = NetBench.tap(PAIRS);
  private final SplittableRandom random = new SplittableRandom(3);

  @AfterEach
  void close() {
    net.close();
  }

  /** Sends a command by queue {@code queue}; returns the status. */
  private int command(int queue, int kind, int command, int pairs, int length) {
    net.bench.memory.writeU8(COMMAND, kind);
    net.bench.memory.writeU8(COMMAND + 1, command);
    net.bench.memory.writeU16(COMMAND + 2, pairs);
    net.bench.memory.writeU8(STATUS, 0xff);
    net.rings.get(queue).send(1, COMMAND, length, STATUS, 1);
    net.driver.notify(queue);
    return net.bench.memory.readU8(STATUS);
  }

  private int usePairs(int pairs) {
    return command(2 * PAIRS, 4, 0, pairs, 4);
  }

  private void arriveAt(int pair) {
    byte[] packet = NetBench.frame(random, 100);
    net.bench.syscalls.change(() -> net.peers.get(pair).arrive(packet));
    net.bench.settle();
    net.bench.settle();
  }

  @Test
  void shouldReceiveOnTheQueuesInUseOnly() {
    net.start(MERGE | MQ, 2 * PAIRS + 1);
    assertThat(net.driver.read(ModelDriver.COMMON, 0x12, 2)).isEqualTo(7);
    assertThat(net.driver.read(ModelDriver.DEVICE, 8, 2)).isEqualTo(PAIRS);
    for (int i = 0; i < PAIRS; i++) {
      net.rings.get(2 * i).send(0, 0x10_0000 + 0x1_0000L * i, 1536);
      net.rings.get(2 * i).send(0, 0x10_8000 + 0x1_0000L * i, 1536);
      net.driver.notify(2 * i);
    }
    arriveAt(0);
    arriveAt(2);
    assertThat(net.rings.get(0).usedIndex()).isEqualTo(1);
    assertThat(net.rings.get(4).usedIndex()).as("not in use").isZero();
    assertThat(usePairs(3)).isZero();
    net.await(() -> net.rings.get(4).usedIndex() == 1);
    assertThat(usePairs(1)).isZero();
    arriveAt(2);
    assertThat(net.rings.get(4).usedIndex()).isEqualTo(1);
    assertThat(net.peers.get(2).waiting()).isEqualTo(1);
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldSendByEachQueue() {
    net.start(MQ, 2 * PAIRS + 1);
    usePairs(3);
    for (int i = 0; i < PAIRS; i++) {
      net.rings.get(2 * i + 1).send(1, NetBench.SENT, 12 + 60 + i);
      net.driver.notify(2 * i + 1);
      assertThat(net.peers.get(i).written()).hasSize(1);
      assertThat(net.peers.get(i).written().get(0)).hasSize(12 + 60 + i);
    }
  }

  @Test
  void shouldAnswerCommandsThatItDoesNotKnowOrCannotDo() {
    net.start(MQ, 2 * PAIRS + 1);
    assertThat(usePairs(0)).isEqualTo(1);
    assertThat(usePairs(4)).isEqualTo(1);
    assertThat(usePairs(0x8001)).isEqualTo(1);
    assertThat(command(6, 4, 1, 2, 4)).isEqualTo(1);
    assertThat(command(6, 0, 0, 2, 4)).isEqualTo(1);
    assertThat(command(6, 4, 0, 2, 3)).as("too short").isEqualTo(1);
    net.bench.syscalls.fail("ioctl", 1, Errno.ENOMEM);
    assertThat(usePairs(2)).isEqualTo(1);
    assertThat(usePairs(2)).isZero();
    assertThat(net.bench.problems).isEmpty();
  }

  @Test
  void shouldNeedAResetWhenACommandHasNoRoomForItsStatus() {
    net.start(MQ, 2 * PAIRS + 1);
    net.rings.get(6).send(1, COMMAND, 4);
    net.driver.notify(6);
    assertThat(net.driver.status() & ModelDriver.NEEDS_RESET).isNotZero();
  }

  @Test
  void shouldHaveTheControlQueueThirdWithoutTheFeatureForMore() {
    net.start(MERGE | 1 << 17, 3);
    assertThat(command(2, 4, 0, 2, 4)).as("only with the feature").isEqualTo(1);
    net.offer(1, 1536);
    arriveAt(0);
    assertThat(net.packet()).hasSize(100);
    net.driver.status(0);
    net.start(MERGE | MQ, 2 * PAIRS + 1);
    ModelRing second = net.rings.get(2);
    second.send(0, 0x10_0000, 1536);
    net.driver.notify(2);
    assertThat(usePairs(2)).isZero();
    arriveAt(1);
    net.await(() -> second.usedIndex() == 1);
  }

  @Test
  void shouldUseOnePairAgainAfterAReset() {
    net.start(MERGE | MQ, 2 * PAIRS + 1);
    assertThat(usePairs(3)).isZero();
    net.driver.status(0);
    net.start(MERGE | MQ, 2 * PAIRS + 1);
    net.rings.get(2).send(0, 0x10_0000, 1536);
    net.driver.notify(2);
    arriveAt(1);
    assertThat(net.rings.get(2).usedIndex()).isZero();
    assertThat(net.bench.problems).isEmpty();
  }
}
