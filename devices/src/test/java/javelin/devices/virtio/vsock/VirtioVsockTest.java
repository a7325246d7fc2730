package javelin.devices.virtio.vsock;

import static javelin.devices.virtio.vsock.GuestPacket.CREDIT_REQUEST;
import static javelin.devices.virtio.vsock.GuestPacket.CREDIT_UPDATE;
import static javelin.devices.virtio.vsock.GuestPacket.REQUEST;
import static javelin.devices.virtio.vsock.GuestPacket.RESPONSE;
import static javelin.devices.virtio.vsock.GuestPacket.RST;
import static javelin.devices.virtio.vsock.GuestPacket.RW;
import static javelin.devices.virtio.vsock.GuestPacket.SHUTDOWN;
import static javelin.devices.virtio.vsock.VsockBench.text;
import static javelin.devices.virtio.vsock.VsockBench.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.ListenException;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams between a guest, played by the test, and programs of the host's, on real sockets. */
@Timeout(60)
class VirtioVsockTest {
  private static final int GUEST_PORT = 1000;
  private static final int HOST_PORT = 80;

  @TempDir Path folder;
  private VsockBench bench;

  @BeforeEach
  void open() {
    bench = new VsockBench(folder);
  }

  @AfterEach
  void close() {
    bench.close();
    assertThat(folder.resolve("v.sock")).doesNotExist();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(length).nextBytes(bytes);
    return bytes;
  }

  private void send(int operation, byte... payload) {
    bench.send(GuestPacket.of(operation, GUEST_PORT, HOST_PORT, payload));
  }

  /** Connects the guest to a program of the host's. */
  private SocketChannel connectGuest() throws IOException {
    try (ServerSocketChannel server = bench.listen(HOST_PORT)) {
      send(REQUEST);
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RESPONSE");
      return server.accept();
    }
  }

  /** Connects a program of the host's to the guest, whose port it is then; returns the port. */
  private int connectHost(SocketChannel program) throws IOException {
    write(program, "CONNECT " + GUEST_PORT + "\n");
    GuestPacket request = bench.receive();
    assertThat(request.operation).isEqualTo(REQUEST);
    bench.send(GuestPacket.of(RESPONSE, GUEST_PORT, request.sourcePort));
    String answer = "OK " + request.sourcePort + "\n";
    assertThat(text(program, answer.length())).isEqualTo(answer);
    return request.sourcePort;
  }

  @Test
  void shouldTellTheGuestItsCid() {
    assertThat(bench.state.offered() & 0xff).isEqualTo(1);
    VirtioVsock device = new VirtioVsock(bench.loop, 0xffff_fffeL, folder.resolve("w") + "");
    assertThat(device.readConfig(0, 4) & 0xffff_ffffL).isEqualTo(0xffff_fffeL);
    assertThat(device.readConfig(4, 4) & 0xffff_ffffL).isZero();
    device.close();
  }

  @Test
  void shouldCarryBytesBothWaysWhenTheGuestConnects() throws Exception {
    bench.start(8);
    try (SocketChannel program = connectGuest()) {
      send(RW, bytes("from the guest"));
      assertThat(text(program, 14)).isEqualTo("from the guest");
      write(program, "from the host");
      GuestPacket packet = bench.receive();
      assertThat(packet.text()).isEqualTo("2:80>3:1000 RW");
      assertThat(packet.payload).isEqualTo(bytes("from the host"));
      assertThat(packet.forwarded).isEqualTo(14);
      assertThat(packet.room).isEqualTo(Connection.ROOM);
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldCarryBytesBothWaysWhenTheHostConnects() throws Exception {
    bench.start(8);
    try (SocketChannel program = bench.connect()) {
      int port = connectHost(program);
      assertThat(port).isGreaterThanOrEqualTo(1 << 30);
      write(program, "hello");
      assertThat(bench.receiveBytes(5)).isEqualTo(bytes("hello"));
      bench.send(GuestPacket.of(RW, GUEST_PORT, port, bytes("world")));
      assertThat(text(program, 5)).isEqualTo("world");
      try (SocketChannel second = bench.connect()) {
        assertThat(connectHost(second)).as("a port of its own").isNotEqualTo(port);
      }
    }
  }

  @Test
  void shouldTakeWhatFollowsTheLineForTheStream() throws Exception {
    bench.start(8);
    try (SocketChannel program = bench.connect()) {
      write(program, "CONNECT 4294967295\nat once");
      GuestPacket request = bench.receive();
      assertThat(request.targetPort).isEqualTo(-1);
      bench.send(GuestPacket.of(RESPONSE, -1, request.sourcePort));
      assertThat(bench.receiveBytes(7)).isEqualTo(bytes("at once"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\n",
        "CONNECT\n",
        "CONNECT -1\n",
        "CONNECT 4294967296\n",
        "CONNECT 1 2\n",
        "CONNECT 00000000000000000000000000001\n"
      })
  void shouldHangUpOnAProgramThatNamesNoPort(String line) throws Exception {
    bench.start(8);
    try (SocketChannel program = bench.connect()) {
      write(program, line);
      assertThat(hasEnded(program)).isTrue();
    }
    assertThat(bench.isQuiet()).isTrue();
  }

  /** Where bytes were left unread, the end is a reset. */
  private static boolean hasEnded(SocketChannel program) {
    try {
      return program.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void shouldHangUpOnTheHostWhenTheGuestRefuses() throws Exception {
    bench.start(8);
    try (SocketChannel program = bench.connect()) {
      write(program, "CONNECT 7\n");
      GuestPacket request = bench.receive();
      bench.send(GuestPacket.of(RST, 7, request.sourcePort));
      assertThat(hasEnded(program)).isTrue();
    }
  }

  @Test
  void shouldRefuseTheGuestWhenNobodyListens() throws Exception {
    bench.start(8);
    send(REQUEST);
    assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
    bench.listen(HOST_PORT).close();
    send(REQUEST);
    assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldWaitForADriverBeforeItAsksTheGuest() throws Exception {
    try (SocketChannel program = bench.connect()) {
      write(program, "CONNECT 7\n");
      Thread.sleep(50);
      bench.state.reset(); // As drivers do before they set a device up.
      bench.start(8);
      GuestPacket request = bench.receive();
      assertThat(request.operation).isEqualTo(REQUEST);
      bench.send(GuestPacket.of(RESPONSE, 7, request.sourcePort));
      assertThat(text(program, 3)).isEqualTo("OK ");
    }
  }

  @Test
  void shouldTellOfEachEndOfAStreamAndResetWhenBothAreThere() throws Exception {
    bench.start(8);
    try (SocketChannel program = connectGuest()) {
      write(program, "last words");
      program.shutdownOutput();
      assertThat(bench.receiveBytes(10)).isEqualTo(bytes("last words"));
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 SHUTDOWN 2");
      send(RW, bytes("still heard"));
      assertThat(text(program, 11)).isEqualTo("still heard");
      bench.send(GuestPacket.of(SHUTDOWN, GUEST_PORT, HOST_PORT).flags(2));
      assertThat(hasEnded(program)).isTrue();
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 SHUTDOWN 3");
      bench.send(GuestPacket.of(SHUTDOWN, GUEST_PORT, HOST_PORT).flags(3));
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
    }
    send(RW, bytes("of nothing"));
    assertThat(bench.receive().text()).as("it is over").isEqualTo("2:80>3:1000 RST");
  }

  @Test
  void shouldTellOfACompleteEndAndGiveTheGuestTimeToReset() throws Exception {
    bench.start(8);
    SocketChannel program = connectGuest();
    program.close();
    GuestPacket packet = bench.receive();
    if (packet.flags == 2) {
      packet = bench.receive(); // The end was read before the hang-up was seen.
    }
    assertThat(packet.text()).isEqualTo("2:80>3:1000 SHUTDOWN 3");
    long start = System.nanoTime();
    send(RW, bytes("on its way by then"));
    assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
    assertThat(System.nanoTime() - start).isGreaterThan(1_500_000_000L);
  }

  @Test
  void shouldSendWhatIsKeptBeforeTheEndAsTheGuestClosesAtOnce() throws Exception {
    bench.start(8);
    byte[] all = random(2 * Connection.ROOM);
    try (SocketChannel program = connectGuest()) {
      int sent = 0;
      long forwarded = 0;
      while (forwarded == sent) { // Until the socket is full.
        send(RW, Arrays.copyOfRange(all, sent % all.length, sent % all.length + 4096));
        sent += 4096;
        send(CREDIT_REQUEST);
        forwarded = bench.receive().forwarded;
      }
      bench.send(GuestPacket.of(SHUTDOWN, GUEST_PORT, HOST_PORT).flags(3));
      byte[] read = VsockBench.read(program, sent + 1);
      assertThat(read).hasSize(sent);
      for (int i = 0; i < sent; i++) {
        assertThat(read[i]).isEqualTo(all[i % all.length]);
      }
      assertThat(bench.receive().text()).contains("RST");
    }
  }

  @Test
  void shouldKeepNoMoreThanTheRoomThatItTold() throws Exception {
    bench.start(8);
    byte[] part = random(32 << 10);
    try (SocketChannel program = connectGuest()) {
      int sent = 0;
      GuestPacket last = null;
      while (last == null || sent - last.forwarded <= Connection.ROOM - part.length) {
        send(RW, part);
        sent += part.length;
        send(CREDIT_REQUEST);
        last = bench.receive();
        assertThat(last.text()).isEqualTo("2:80>3:1000 CREDIT_UPDATE");
      }
      send(RW, part);
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
      assertThat(VsockBench.read(program, sent).length).as("closed").isLessThanOrEqualTo(sent);
    }
  }

  @Test
  void shouldTellOfRoomAsTheHostReads() throws Exception {
    bench.start(8);
    byte[] part = random(4096);
    try (SocketChannel program = connectGuest()) {
      int sent = 0;
      int told = 0;
      for (int i = 0; i < 600; i++) {
        assertThat(sent - told).as("the guest is never stuck").isLessThan(Connection.ROOM);
        send(RW, part);
        sent += part.length;
        assertThat(VsockBench.read(program, part.length)).isEqualTo(part);
        while (!bench.isQuiet()) {
          GuestPacket packet = bench.receive();
          assertThat(packet.operation).isEqualTo(CREDIT_UPDATE);
          told = (int) packet.forwarded;
        }
      }
      assertThat(told).isGreaterThan(sent - Connection.ROOM);
    }
  }

  @Test
  void shouldSendNoMoreThanTheGuestHasRoomFor() throws Exception {
    bench.start(40);
    try (SocketChannel program = connectGuest()) {
      send(CREDIT_UPDATE);
      bench.send(GuestPacket.of(CREDIT_UPDATE, GUEST_PORT, HOST_PORT).credit(100, 0));
      byte[] all = random(9000);
      program.write(ByteBuffer.wrap(all));
      GuestPacket first = bench.receive();
      assertThat(first.payload).isEqualTo(Arrays.copyOf(all, 100));
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 CREDIT_REQUEST");
      bench.send(GuestPacket.of(CREDIT_UPDATE, GUEST_PORT, HOST_PORT).credit(100, 60));
      assertThat(bench.receive().payload).isEqualTo(Arrays.copyOfRange(all, 100, 160));
      assertThat(bench.receive().operation).isEqualTo(CREDIT_REQUEST);
      bench.send(GuestPacket.of(CREDIT_UPDATE, GUEST_PORT, HOST_PORT).credit(50, 160));
      assertThat(bench.receive().payload).isEqualTo(Arrays.copyOfRange(all, 160, 210));
      assertThat(bench.receive().operation).isEqualTo(CREDIT_REQUEST);
      bench.send(GuestPacket.of(CREDIT_UPDATE, GUEST_PORT, HOST_PORT).credit(1 << 16, 210));
      assertThat(bench.receiveBytes(9000 - 210)).isEqualTo(Arrays.copyOfRange(all, 210, 9000));
    }
  }

  @Test
  void shouldFillTheGuestsBuffersInTurnForAllConnections() throws Exception {
    bench.start(0);
    try (ServerSocketChannel server = bench.listen(HOST_PORT)) {
      SocketChannel[] programs = new SocketChannel[3];
      for (int i = 0; i < programs.length; i++) {
        bench.sendLater(GuestPacket.of(REQUEST, GUEST_PORT + i, HOST_PORT));
        programs[i] = server.accept();
        programs[i].write(ByteBuffer.wrap(random(8192)));
      }
      bench.offer(9);
      int[] bytes = new int[programs.length];
      for (int i = 0; i < 9; i++) {
        GuestPacket packet = bench.receiveAndKeep();
        bytes[packet.targetPort - GUEST_PORT] += packet.payload.length;
      }
      assertThat(bytes).containsExactly(8192, 8192, 8192);
      for (SocketChannel program : programs) {
        program.close();
      }
    }
  }

  @Test
  void shouldRefuseMoreConnectionsThanItHasPlacesFor() throws Exception {
    bench.start(60);
    SocketChannel[] programs = new SocketChannel[Connections.MOST];
    for (int i = 0; i < programs.length; i++) {
      programs[i] = bench.connect();
    }
    try (ServerSocketChannel server = bench.listen(HOST_PORT);
        SocketChannel more = bench.connect()) {
      assertThat(server.isOpen()).isTrue();
      assertThat(hasEnded(more)).isTrue();
      send(REQUEST);
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
      programs[0].close();
      bench.await(
          () -> {
            send(REQUEST);
            return bench.receive().operation == RESPONSE;
          });
    }
    for (SocketChannel program : programs) {
      program.close();
    }
  }

  @Test
  void shouldTakeNoPacketsWhileItsAnswersHaveNoBuffers() {
    bench.start(0);
    for (int round = 0; round < 4; round++) {
      for (int i = 0; i < VsockBench.RING; i++) {
        bench.sendLater(GuestPacket.of(RW, i, HOST_PORT));
      }
      if (round == 0) {
        bench.await(() -> bench.fromGuest.usedIndex() == VsockBench.RING);
      } else if (round == 1) {
        bench.await(() -> bench.fromGuest.usedIndex() == 2 * VsockBench.RING);
      } else {
        break;
      }
    }
    assertThat(bench.fromGuest.usedIndex()).as("128 answers wait").isEqualTo(128);
    bench.offer(VsockBench.RING);
    for (int i = 0; i < 3 * VsockBench.RING; i++) {
      assertThat(bench.receive().operation).isEqualTo(RST);
    }
    assertThat(bench.fromGuest.usedIndex()).isEqualTo(3 * VsockBench.RING);
  }

  @Test
  void shouldEndAllConnectionsWhenTheDriverResetsTheDevice() throws Exception {
    bench.start(8);
    try (SocketChannel program = connectGuest()) {
      bench.state.reset();
      assertThat(hasEnded(program)).isTrue();
    }
    bench.start(8);
    send(RW, bytes("of nothing"));
    assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
  }

  @Test
  void shouldAnswerByAResetWhatBelongsToNoConnection() {
    bench.start(8);
    for (int operation : new int[] {0, RESPONSE, SHUTDOWN, RW, CREDIT_UPDATE, 8, 65535}) {
      send(operation);
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
    }
    bench.send(GuestPacket.of(REQUEST, 1, 2).cids(VsockBench.CID, 4));
    assertThat(bench.receive().text()).isEqualTo("4:2>3:1 RST");
    bench.send(GuestPacket.of(REQUEST, 1, 2).type(2));
    GuestPacket answer = bench.receive();
    assertThat(answer.text()).isEqualTo("2:2>3:1 RST");
    assertThat(answer.type).isEqualTo(2);
    send(RST);
    bench.send(GuestPacket.of(REQUEST, 1, 2).cids(5, 2));
    bench.send(GuestPacket.of(REQUEST, 1, 2).cids(VsockBench.CID | 1L << 32, 2));
    send(RW);
    assertThat(bench.receive().text()).as("to these three no answer").isEqualTo("2:80>3:1000 RST");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, REQUEST, RESPONSE, 8, RW})
  void shouldResetAConnectionWhosePacketsMakeNoSense(int operation) throws Exception {
    bench.start(8);
    try (SocketChannel program = connectGuest()) {
      bench.send(GuestPacket.of(operation, GUEST_PORT, HOST_PORT, new byte[10]).length(11));
      assertThat(bench.receive().text()).isEqualTo("2:80>3:1000 RST");
      assertThat(hasEnded(program)).isTrue();
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldNeedAResetWhenABufferIsNone() {
    bench.start(0);
    bench.fromGuest.send(1, 0x4_0000, 43);
    bench.state.kick(1);
    bench.await(() -> (bench.state.status() & 64) != 0);
    bench.state.reset();
    bench.start(0);
    bench.toGuest.descriptor(0, 0x10_0000, 44, 2, 0);
    bench.offer(1);
    send(RW);
    bench.await(() -> (bench.state.status() & 64) != 0);
    assertThat(bench.problems).hasSize(2);
  }

  @Test
  void shouldReplaceTheSocketOfADeadProcessOnly() {
    assertThatThrownBy(() -> new VirtioVsock(bench.loop, 4, bench.path.toString()))
        .isInstanceOf(ListenException.class)
        .hasMessageContaining("is in use by another process");
    try (EventLoop loop = new EventLoop(Linux.system(), "another")) {
      assertThatThrownBy(() -> new VirtioVsock(loop, 2, folder.resolve("x").toString()))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
