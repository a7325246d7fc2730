package javelin.devices.virtio.blk.nbd;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.devices.virtio.blk.BlockRequest;
import javelin.devices.virtio.blk.BlockRequest.Operation;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk on a server that does what it should, or what it should not. */
@Timeout(60)
class NbdDiskTest {
  private static final int LENGTH = 1 << 20;
  private static final int LOST = -Errno.ENOTCONN.number();

  @TempDir Path folder;
  private final Linux linux = Linux.system();
  private final List<String> reports = Collections.synchronizedList(new ArrayList<>());
  private final List<Integer> results = new ArrayList<>();
  private final UnsafeBuffer memory = NativeMemory.allocate(LENGTH);
  private final byte[] contents = new byte[LENGTH];
  private Path file;

  @BeforeEach
  void makeFile() throws IOException {
    new SplittableRandom(3).nextBytes(contents);
    file = Files.write(folder.resolve("disk"), contents);
  }

  @FunctionalInterface
  private interface Body {
    void run(NbdDisk disk, BlockBackend.Channel channel) throws Exception;
  }

  private void with(FakeNbdServer server, Body body) throws Exception {
    try (server) {
      try (EventFd wake = linux.eventFd();
          NbdDisk disk = NbdDisk.open(linux, server.start().address(), false, 1, reports::add)) {
        BlockBackend.Channel channel = disk.channel(() -> wake);
        body.run(disk, channel);
        channel.drain();
        channel.close();
      }
      server.awaitNoClients();
    }
  }

  private BlockRequest request(Operation operation, long offset, int length) {
    IoVector data = null;
    if (operation == Operation.READ || operation == Operation.WRITE) {
      data = new IoVector(1);
      data.prepend(memory.addressOffset(), Math.max(length, 1));
    }
    return new BlockRequest((ended, result) -> results.add(result))
        .set(operation, offset, length, data);
  }

  private static void await(BlockBackend.Channel channel, List<?> list, int size) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (list.size() < size) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      channel.collect();
      Thread.onSpinWait();
    }
  }

  /** Does one request; returns its result. */
  private int perform(BlockBackend.Channel channel, BlockRequest request) {
    int before = results.size();
    channel.submit(request);
    channel.commit();
    await(channel, results, before + 1);
    return results.get(before);
  }

  private byte[] found(int length) {
    byte[] bytes = new byte[length];
    memory.getBytes(0, bytes);
    return bytes;
  }

  @Test
  void shouldReadAndWriteAndLeaveNothingOpen() throws Exception {
    noLeaks(
        () ->
            with(
                new FakeNbdServer(file),
                (disk, channel) -> {
                  assertThat(disk.length()).isEqualTo(LENGTH);
                  assertThat(disk.logicalBlock()).isEqualTo(512);
                  assertThat(disk.physicalBlock()).isEqualTo(4096);
                  assertThat(disk.isReadOnly()).isFalse();
                  assertThat(perform(channel, request(Operation.READ, 4096, 8192))).isZero();
                  assertThat(found(8192)).isEqualTo(Arrays.copyOfRange(contents, 4096, 12288));
                  assertThat(perform(channel, request(Operation.WRITE, 512, 8192))).isZero();
                  assertThat(perform(channel, request(Operation.FLUSH, 0, 0))).isZero();
                }));
    byte[] now = Files.readAllBytes(file);
    assertThat(Arrays.copyOfRange(now, 512, 512 + 8192))
        .isEqualTo(Arrays.copyOfRange(contents, 4096, 12288));
    assertThat(reports).isEmpty();
  }

  @Test
  void shouldSendTheCommandsThatTheServerHas() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    with(
        server,
        (disk, channel) -> {
          assertThat(disk.hasDurableWrites()).isTrue();
          perform(channel, request(Operation.WRITE, 0, 512).durable());
          perform(channel, request(Operation.DISCARD, 4096, 8192));
          perform(channel, request(Operation.ZERO, 16384, 4096));
          perform(channel, request(Operation.ZERO_KEEPING_SPACE, 20480, 4096));
          perform(channel, request(Operation.FLUSH, 0, 0));
        });
    assertThat(server.requests())
        .extracting(one -> one.type() + " " + one.flags() + " " + one.offset() + " " + one.length())
        .containsExactly(
            "1 1 0 512", "4 0 4096 8192", "6 0 16384 4096", "6 2 20480 4096", "3 0 0 0", "2 0 0 0");
    assertThat(results).containsOnly(0);
  }

  @Test
  void shouldDoWithoutTheCommandsThatTheServerDoesNotHave() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file).flags(1);
    with(
        server,
        (disk, channel) -> {
          assertThat(disk.hasDurableWrites()).isFalse();
          assertThat(perform(channel, request(Operation.DISCARD, 4096, 8192)))
              .isEqualTo(-Errno.EOPNOTSUPP.number());
          assertThat(perform(channel, request(Operation.FLUSH, 0, 0))).isZero();
          assertThat(perform(channel, request(Operation.ZERO, 4096, 300 << 10))).isZero();
        });
    byte[] now = Files.readAllBytes(file);
    assertThat(Arrays.copyOfRange(now, 4096, 4096 + (300 << 10))).containsOnly(0);
    assertThat(Arrays.copyOfRange(now, 4096 + (300 << 10), LENGTH))
        .isEqualTo(Arrays.copyOfRange(contents, 4096 + (300 << 10), LENGTH));
  }

  @Test
  void shouldCutRequestsIntoPartsThatTheServerTakes() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file).flags(1).mostData(5000);
    server.blocks[0] = 1024;
    with(
        server,
        (disk, channel) -> {
          assertThat(disk.logicalBlock()).isEqualTo(1024);
          assertThat(perform(channel, request(Operation.READ, 8192, 65536))).isZero();
          assertThat(found(65536)).isEqualTo(Arrays.copyOfRange(contents, 8192, 8192 + 65536));
          assertThat(perform(channel, request(Operation.WRITE, 0, 65536))).isZero();
          assertThat(perform(channel, request(Operation.ZERO, 131072, 16384))).isZero();
          assertThat(perform(channel, request(Operation.READ, 512, 1024)))
              .as("not a whole block")
              .isEqualTo(-Errno.EINVAL.number());
        });
    byte[] now = Files.readAllBytes(file);
    assertThat(Arrays.copyOf(now, 65536))
        .isEqualTo(Arrays.copyOfRange(contents, 8192, 8192 + 65536));
    assertThat(Arrays.copyOfRange(now, 131072, 131072 + 16384)).containsOnly(0);
    assertThat(server.requests())
        .filteredOn(one -> one.type() < 2)
        .allMatch(one -> one.length() <= 4096);
  }

  @Test
  void shouldHaveManyRequestsInFlightAndTakeRepliesInAnyOrder() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    List<FakeNbdServer.Request> held = new ArrayList<>();
    server.answer =
        (request, out) -> {
          held.add(request);
          for (int i = held.size() - 1; held.size() == 100 && i >= 0; i--) {
            FakeNbdServer.simple(out, i % 3 == 0 ? Errno.ENOSPC.number() : 0, held.get(i).handle());
          }
          return false;
        };
    with(
        server,
        (disk, channel) -> {
          for (int i = 0; i < 100; i++) {
            channel.submit(request(Operation.WRITE, 512L * i, 512));
          }
          channel.commit();
          await(channel, results, 100);
        });
    assertThat(results).filteredOn(result -> result == -Errno.ENOSPC.number()).hasSize(34);
    assertThat(results).filteredOn(result -> result == 0).hasSize(66);
  }

  @Test
  void shouldFailAllFlushesOnceOneHasFailed() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    server.answer =
        (request, out) -> {
          if (request.type() == 3) {
            FakeNbdServer.simple(out, 200, request.handle());
          }
          return request.type() != 3;
        };
    with(
        server,
        (disk, channel) -> {
          int error = -Errno.EIO.number();
          assertThat(perform(channel, request(Operation.FLUSH, 0, 0))).isEqualTo(error);
          assertThat(perform(channel, request(Operation.FLUSH, 0, 0))).isEqualTo(error);
          assertThat(perform(channel, request(Operation.READ, 0, 512))).isZero();
        });
    assertThat(server.requests()).filteredOn(one -> one.type() == 3).hasSize(1);
  }

  @Test
  void shouldEndAllRequestsAndSaySoOnceWhenTheServerDies() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    server.answer = (request, out) -> false;
    with(
        server,
        (disk, channel) -> {
          for (int i = 0; i < 5; i++) {
            channel.submit(request(Operation.READ, 0, 4096));
          }
          channel.commit();
          server.die();
          await(channel, results, 5);
          assertThat(perform(channel, request(Operation.WRITE, 0, 4096))).isEqualTo(LOST);
        });
    assertThat(results).containsOnly(LOST).hasSize(6);
    assertThat(reports)
        .containsExactly(
            server.address()
                + ": the server has closed the connection; its requests end in I/O errors from now"
                + " on");
  }

  private static void lie(int kind, FakeNbdServer.Request request, DataOutputStream out)
      throws IOException {
    switch (kind) {
      case 0 -> FakeNbdServer.simple(out, 0, request.handle() + 1);
      case 1 -> FakeNbdServer.simple(out, 0, -1);
      case 2 -> FakeNbdServer.simple(out, 0, request.handle() + (1L << 32));
      case 3 -> out.writeInt(0x668e_33ef); // A structured reply, which was not agreed upon.
      case 4 -> {
        FakeNbdServer.simple(out, Errno.EIO.number(), request.handle());
        FakeNbdServer.simple(out, Errno.EIO.number(), request.handle());
      }
      default -> {
        FakeNbdServer.simple(out, 0, request.handle());
        out.write(new byte[8192]); // Twice what was asked for.
      }
    }
    out.write(new byte[16]);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void shouldCutOffAServerThatLies(int kind) throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    server.answer =
        (request, out) -> {
          lie(kind, request, out);
          return false;
        };
    memory.setMemory(0, LENGTH, (byte) 0x77);
    with(
        server,
        (disk, channel) -> {
          perform(channel, request(Operation.READ, 0, 4096));
          await(channel, reports, 1);
          assertThat(perform(channel, request(Operation.READ, 0, 4096))).isEqualTo(LOST);
        });
    assertThat(reports).hasSize(1).first().asString().contains("the server breaks the protocol");
    assertThat(memory.getByte(4096)).as("behind the buffer").isEqualTo((byte) 0x77);
  }

  @Test
  void shouldGiveUpAServerThatHangsWhenTheGuestWaitsForAllRequests() throws Exception {
    FakeNbdServer server = new FakeNbdServer(file);
    server.answer = (request, out) -> false;
    try (server;
        EventFd wake = linux.eventFd()) {
      FlushFailure failure = new FlushFailure();
      var fd = server.start().address().connect(linux);
      NbdExport export = NbdHandshake.run(fd, "");
      try (NbdConnection connection = new NbdConnection(fd, export, failure, reports::add)) {
        NbdChannel channel = new NbdChannel(connection, export, failure, () -> wake, 100);
        channel.submit(request(Operation.READ, 0, 4096));
        channel.drain();
        channel.close();
      }
    }
    assertThat(results).containsExactly(LOST);
    assertThat(reports).hasSize(1).first().asString().contains("has ended no request for");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void shouldHaveAConnectionForEachQueueWhereTheServerHasRoom(int most) throws Exception {
    FakeNbdServer server = new FakeNbdServer(file).flags(FakeNbdServer.ALL | FakeNbdServer.MULTI);
    server.mostClients = most;
    noLeaks(
        () -> {
          try (server;
              EventFd wake = linux.eventFd();
              NbdDisk disk =
                  NbdDisk.open(linux, server.start().address(), false, 4, reports::add)) {
            assertThat(disk.connections()).isEqualTo(most);
            for (int i = 0; i < 4; i++) {
              assertThat(perform(disk.channel(() -> wake), request(Operation.READ, 0, 512)))
                  .isZero();
            }
          }
        });
  }

  private void refused(FakeNbdServer server, String reason) throws Exception {
    try (server) {
      noLeaks(
          () -> {
            NbdAddress address = server.address();
            assertThatThrownBy(() -> NbdDisk.open(linux, address, false, 4, reports::add))
                .isInstanceOf(NbdException.class)
                .hasMessageContaining(reason);
            while (server.clients() > 0) {
              Thread.onSpinWait();
            }
          });
    }
  }

  @Test
  void shouldRefuseExportsThatItCannotUse() throws Exception {
    refused(new FakeNbdServer(file).flags(3).start(), "for reading only: give readonly=on");
    FakeNbdServer odd = new FakeNbdServer(file);
    odd.length = 1000;
    refused(odd.start(), "1000 bytes are no whole number of blocks of 512");
    FakeNbdServer empty = new FakeNbdServer(file);
    empty.length = 0;
    refused(empty.start(), "the export is empty");
    FakeNbdServer negative = new FakeNbdServer(file);
    negative.length = -512;
    refused(negative.start(), "does not say how long the export is");
    for (int[] blocks : new int[][] {{0, 1, 1 << 20}, {3, 4, 1 << 20}, {1 << 17, 1 << 17, -1}}) {
      FakeNbdServer strange = new FakeNbdServer(file);
      strange.blocks = blocks;
      refused(strange.start(), "its blocks are of");
    }
    FakeNbdServer named = new FakeNbdServer(file);
    NbdAddress other = named.address();
    named.export = "disk";
    named.start();
    assertThatThrownBy(() -> NbdDisk.open(linux, other, false, 1, reports::add))
        .hasMessageContaining("the server has no default export (no such export); export=NAME");
    try (NbdDisk disk = NbdDisk.open(linux, named.address(), false, 1, reports::add)) {
      assertThat(disk.length()).isEqualTo(LENGTH);
    }
    named.close();
  }
}
