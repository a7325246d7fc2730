package javelin.devices.virtio.vhostuser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import javelin.devices.virtio.QueueRegister;
import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.StateBench;
import javelin.devices.virtio.fs.VirtioFs;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.RamRegion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A device that a back end serves, on a real socket, real eventfds and shared memory. */
@Timeout(60)
class VhostUserTest {
  private static final long REQUEST = StateBench.BUFFERS;
  private static final long REPLY = StateBench.BUFFERS + 0x1000;
  private static final int SIZE = 16;

  @TempDir Path folder;
  private String path;
  private FakeBackEnd backEnd;
  private StateBench bench;

  @BeforeEach
  void listen() {
    path = folder.resolve("fs.sock").toString();
    backEnd = new FakeBackEnd(path);
  }

  @AfterEach
  void close() {
    if (bench != null) {
      bench.close();
    }
    backEnd.close();
  }

  private void open() {
    bench =
        new StateBench(
            "vhost-user test",
            machine ->
                new VirtioFs(
                    "share",
                    path,
                    BackEnd.connect(machine.linux, path),
                    machine.memory,
                    machine.loop));
  }

  private void start() {
    bench.start(0, SIZE);
  }

  /** Sends 8 bytes on queue {@code queue}, which are to come back; waits for that. */
  private void echo(int queue, long value) {
    ModelRing ring = bench.rings.get(queue);
    int before = ring.usedIndex();
    bench.memory.writeU64(REQUEST, value);
    bench.memory.writeU64(REPLY, 0);
    ring.send(1, REQUEST, 8, REPLY, 8);
    bench.state.event(queue).signal(); // As KVM does.
    bench.await(() -> ring.usedIndex() == (before + 1 & 0xffff));
    assertThat(bench.memory.readU64(REPLY)).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 1 | 1 << 3, 1 | 1 << 3 | 1 << 9})
  void shouldHaveTheBackEndServeTheQueuesWhateverItCanDo(long protocolFeatures) {
    backEnd.protocolFeatures = protocolFeatures;
    open();
    start();
    for (int i = 0; i < 40; i++) {
      echo(i & 1, 0x1234_5678_9abcL + i);
      int interrupts = i + 1; // One at a time: two signals that meet are one.
      bench.await(() -> bench.interrupts.get() == interrupts);
    }
    assertThat(backEnd.accepted.get("SET_PROTOCOL_FEATURES")).isEqualTo(protocolFeatures);
    assertThat(backEnd.accepted.get("SET_FEATURES"))
        .isEqualTo(FakeBackEnd.VERSION_1 | FakeBackEnd.PROTOCOL);
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldDoWithoutProtocolFeatures() {
    backEnd.features = FakeBackEnd.VERSION_1;
    open();
    start();
    echo(1, 5);
    assertThat(backEnd.told)
        .doesNotContain(Request.SET_VRING_ENABLE, Request.GET_PROTOCOL_FEATURES);
  }

  @Test
  void shouldOfferOfRingsWhatTheBackEndCanDo() {
    open();
    assertThat(bench.state.offered()).isEqualTo(VirtioFeature.VERSION_1 | VirtioFeature.EVENT_IDX);
    bench.start(VirtioFeature.EVENT_IDX, SIZE);
    echo(0, 1);
    assertThat(backEnd.accepted.get("SET_FEATURES") & VirtioFeature.EVENT_IDX).isNotZero();
  }

  @Test
  void shouldHaveTheBackEndRaiseInterruptsItselfWhereItCan() {
    open();
    try (EventFd vector = bench.linux.eventFd()) {
      bench.direct = vector;
      start();
      echo(1, 7);
      bench.await(() -> vector.drain() == 1);
      assertThat(bench.interrupts.get()).as("none through this process").isZero();
      bench.state.reset();
    }
  }

  @Test
  void shouldServeAnewAfterAReset() {
    open();
    for (int i = 0; i < 3; i++) {
      start();
      echo(0, i);
      echo(1, i);
      bench.state.reset();
    }
    assertThat(backEnd.told.stream().filter(Request.SET_FEATURES::equals)).hasSize(3);
    assertThat(backEnd.told.stream().filter(Request.SET_MEM_TABLE::equals))
        .as("guest RAM has not changed")
        .hasSize(1);
  }

  @Test
  void shouldGoOnWhereItWasAfterAPause() {
    open();
    start();
    echo(1, 1);
    echo(1, 2);
    bench.state.mayAccessMemory(false);
    ModelRing ring = bench.rings.get(1);
    bench.memory.writeU64(REQUEST, 3);
    ring.send(1, REQUEST, 8, REPLY, 8);
    bench.state.event(1).signal();
    assertThat(ring.usedIndex()).isEqualTo(2);
    bench.state.mayAccessMemory(true);
    bench.await(() -> ring.usedIndex() == 3);
    echo(1, 4);
  }

  @Test
  void shouldTellTheBackEndOfRamThatComesAndGoes() {
    open();
    start();
    echo(1, 1);
    try (Fd file = bench.linux.memfd("more", 0)) {
      bench.linux.setLength(file, 1 << 16);
      int access = Linux.PROT_READ | Linux.PROT_WRITE;
      try (Mapping mapping = bench.linux.map(file, 0, 1 << 16, access, Linux.MAP_SHARED)) {
        RamRegion more = bench.memory.add(1L << 32, 1 << 16, mapping.address(), file, 0);
        assertThat(backEnd.regions()).isEqualTo(2);
        bench.memory.remove(more);
        assertThat(backEnd.regions()).isEqualTo(1);
      }
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldReportAndNeedAResetWhenTheBackEndEnds() {
    open();
    start();
    echo(1, 1);
    backEnd.die();
    bench.await(() -> bench.needsReset() && !bench.problems.isEmpty());
    assertThat(bench.problems)
        .containsExactly("its back end, " + path + ", has ended; the device works no longer");
    bench.state.reset();
    start();
    assertThat(bench.needsReset()).as("a reset does not help").isTrue();
    assertThat(bench.problems).hasSize(2);
  }

  @Test
  void shouldReportWhenTheBackEndFindsFaultWithAQueue() {
    open();
    start();
    echo(1, 1);
    backEnd.fail(1);
    bench.await(() -> bench.needsReset() && !bench.problems.isEmpty());
    assertThat(bench.problems).singleElement().asString().contains("finds fault with a queue");
  }

  @ParameterizedTest
  @EnumSource(
      value = Request.class,
      names = {"SET_FEATURES", "SET_MEM_TABLE", "SET_VRING_ADDR", "SET_VRING_KICK"})
  void shouldReportWhatTheBackEndRefuses(Request request) {
    open();
    backEnd.refused.add(request);
    start();
    assertThat(bench.needsReset()).isTrue();
    assertThat(bench.problems)
        .containsExactly(
            "its back end, "
                + path
                + ", fails: it refuses "
                + request
                + "; the device works no longer");
  }

  @Test
  void shouldNotWaitForEverForAnAnswer() {
    open();
    backEnd.unanswered.add(Request.SET_VRING_NUM);
    start();
    assertThat(bench.needsReset()).isTrue();
    assertThat(bench.problems)
        .singleElement()
        .asString()
        .contains("it has not dealt with SET_VRING_NUM in 5 s");
  }

  @Test
  void shouldNeedAResetWhenARingIsNotInRam() {
    open();
    start();
    bench.state.reset();
    bench.start(0, SIZE);
    bench.state.reset();
    bench.state.status(3);
    bench.state.accept(VirtioFeature.VERSION_1);
    bench.state.status(11);
    bench.state.write(1, QueueRegister.DESCRIPTORS, StateBench.RAM - 16, -1);
    bench.state.enable(1);
    bench.state.status(15);
    assertThat(bench.needsReset()).isTrue();
    assertThat(bench.problems)
        .containsExactly(
            "queue 1 is broken until the guest resets the device: a part of it is not aligned, or"
                + " not in RAM");
    bench.state.reset();
    start();
    echo(1, 9);
  }

  @Test
  void shouldRefuseABackEndThatDoesNotSuit() {
    backEnd.features = FakeBackEnd.PROTOCOL;
    assertThatThrownBy(this::open)
        .isInstanceOf(VhostUserException.class)
        .hasMessage("it does not know virtio 1");
    backEnd.features = FakeBackEnd.VERSION_1 | FakeBackEnd.PROTOCOL;
    backEnd.refused.add(Request.SET_OWNER);
    assertThatThrownBy(this::open).hasMessage("it refuses SET_OWNER");
    assertThatThrownBy(() -> BackEnd.connect(Linux.system(), path + "x"))
        .isInstanceOf(ErrnoException.class);
  }

  @Test
  void shouldShowTagAndRequestQueues() {
    open();
    assertThat(bench.state.queues()).isEqualTo(2);
    bench.close();
    byte[] config = new byte[40];
    config[36] = 3;
    backEnd.config = config;
    backEnd.protocolFeatures = 1 | 1 << 9;
    bench = null;
    open();
    assertThat(bench.state.queues()).as("as many as the back end wants").isEqualTo(4);
    bench.close();
    bench = null;
    backEnd.queueNumber = 3;
    for (byte high : List.of((byte) 0, (byte) 1)) {
      config[37] = high;
      open();
      assertThat(bench.state.queues()).as("and as it can serve").isEqualTo(3);
      bench.close();
      bench = null;
    }
    try (EventLoop loop = new EventLoop(Linux.system(), "another");
        VirtioFs device =
            new VirtioFs(
                "share", path, BackEnd.connect(Linux.system(), path), new GuestMemory(), loop)) {
      assertThat(device.readConfig(0, 4)).isEqualTo(0x72616873L);
      assertThat(device.readConfig(4, 1)).isEqualTo('e');
      assertThat(device.readConfig(36, 4)).isEqualTo(2);
    }
  }
}
