package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;
import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.client.VfioUserBackend;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers that lie, stall, babble or go: the client says what they did, and stays up. */
@Timeout(60)
final class HostileServerTest {
  private static final Duration PATIENCE = Duration.ofMillis(300);
  private static final int SPARSE_LENGTH =
      VfioStructs.REGION_LENGTH
          + VfioStructs.CAPABILITY_HEADER_LENGTH
          + VfioStructs.AREAS_HEADER_LENGTH
          + VfioStructs.AREA_LENGTH;

  private final Linux linux = Linux.system();
  private final GuestMemory memory = new GuestMemory();
  private final List<String> said = new CopyOnWriteArrayList<>();

  private interface Body {
    void run(ScriptedServer server, VfioUserBackend backend, Fd connected) throws Exception;
  }

  private void with(Body body) throws Exception {
    noLeaks(
        () -> {
          Fd[] pair = UnixSocket.pair(linux, "test");
          try (GuestRam ram = GuestRam.create(linux, RamConfig.of(2 << 20), memory);
              ScriptedServer server = new ScriptedServer(pair[0]);
              VfioUserBackend backend = new VfioUserBackend(linux, memory, PATIENCE, said::add)) {
            assertThat(ram.config().size()).isEqualTo(2 << 20);
            body.run(server, backend, pair[1]);
          }
        });
  }

  private void refused(Consumer<ScriptedServer> lie, String reason) throws Exception {
    with(
        (server, backend, connected) -> {
          lie.accept(server);
          server.start();
          assertThatThrownBy(() -> backend.add("user:x", connected))
              .isInstanceOf(VfioException.class)
              .hasMessageStartingWith("user:x cannot be assigned: its server ")
              .hasMessageContaining(reason);
        });
    assertThat(said).isEmpty();
  }

  private void assigned(Consumer<ScriptedServer> script, Consumer<VfioDevice> body)
      throws Exception {
    with(
        (server, backend, connected) -> {
          script.accept(server);
          server.start();
          body.accept(backend.add("user:x", connected));
        });
  }

  private void lost(Consumer<ScriptedServer> script, Consumer<VfioDevice> use, String deed)
      throws Exception {
    said.clear();
    assigned(
        script,
        device -> {
          use.accept(device);
          assertThat(device.read(0, 0, 4)).isEqualTo(0xffff_ffffL);
          assertThat(said)
              .singleElement()
              .asString()
              .matches(
                  "user:x is gone: its server (?:"
                      + deed
                      + "); the guest reads all ones of it from now on");
        });
  }

  private static void read(VfioDevice device) {
    assertThat(device.read(0, 8, 4)).isEqualTo(0xffff_ffffL);
  }

  @Test
  void shouldTakeAServerThatTellsTheTruth() throws Exception {
    assigned(
        server -> {},
        device -> {
          assertThat(device.read(0, 8, 4)).isEqualTo(0x5a5a_5a5aL);
          assertThat(device.region(0).size()).isEqualTo(ScriptedServer.BAR_SIZE);
          assertThat(device.irq(VfioIrq.INTX).count()).isEqualTo(1);
        });
    assertThat(said).isEmpty();
  }

  @Test
  void shouldRefuseADeviceThatCannotBe() throws Exception {
    refused(
        server ->
            server.change(
                Command.DEVICE_GET_INFO, out -> out.putInt(LENGTH + VfioStructs.FLAGS, 0)),
        "says that the device is no PCI device");
    refused(
        server ->
            server.change(
                Command.DEVICE_GET_REGION_INFO,
                out -> out.putLong(LENGTH + VfioStructs.REGION_SIZE, Long.MIN_VALUE)),
        "says that region 0 has 0x8000000000000000 bytes");
    refused(
        server ->
            server.change(
                Command.DEVICE_GET_REGION_INFO,
                out -> out.putLong(LENGTH + VfioStructs.REGION_SIZE, 64)),
        "says that the configuration space has 64 bytes");
    refused(
        server ->
            server.change(
                Command.DEVICE_GET_IRQ_INFO,
                out -> out.putInt(LENGTH + VfioStructs.IRQ_COUNT, 1 << 30)),
        "says that interrupt 0 has 1073741824 vectors");
    refused(
        server ->
            server.change(
                Command.DEVICE_GET_INFO,
                out -> out.putInt(LENGTH + VfioStructs.DEVICE_REGIONS, -1)),
        "says that the configuration space has 0 bytes");
  }

  @Test
  void shouldRefuseAServerThatSpeaksSomethingElse() throws Exception {
    refused(
        server -> server.change(Command.VERSION, out -> out.putShort(LENGTH, (short) 7)),
        "speaks version 7");
    refused(
        server ->
            server.change(
                Command.VERSION, out -> out.putByte(LENGTH + Payloads.VERSION_DATA, (byte) 'x')),
        "has sent capabilities that are no JSON");
    refused(
        server ->
            server.on(
                Command.VERSION,
                (channel, length) -> {
                  channel.outgoing().setMemory(0, 64, (byte) 'A');
                  ScriptedServer.send(channel, 64);
                }),
        "has sent a message of 1094795585 bytes");
    refused(
        server -> error(server, Command.DMA_MAP, 12),
        "refuses VFIO_USER_DMA_MAP with ENOMEM (cannot allocate memory)");
    refused(
        server -> error(server, Command.DEVICE_GET_INFO, -5),
        "refuses VFIO_USER_DEVICE_GET_INFO with EIO");
    refused(
        server -> server.on(Command.DEVICE_GET_INFO, (channel, length) -> channel.close()),
        "has closed the connection");
  }

  private static void error(ScriptedServer server, Command command, int errno) {
    server.on(
        command,
        (channel, length) -> {
          UnsafeBuffer out = channel.outgoing();
          MessageHeader.putError(out, MessageHeader.id(out), command.number(), errno);
          ScriptedServer.send(channel, LENGTH);
        });
  }

  @Test
  void shouldDropAServerThatAnswersAnythingElse() throws Exception {
    lost(
        server ->
            server.change(
                Command.REGION_READ, out -> out.putShort(0, (short) (out.getShort(0) + 1))),
        HostileServerTest::read,
        "has answered what it was not asked");
    lost(
        server ->
            server.change(
                Command.REGION_READ,
                out -> MessageHeader.putReply(out, MessageHeader.id(out), 10, 36)),
        HostileServerTest::read,
        "has answered what it was not asked");
    lost(
        server -> server.change(Command.REGION_READ, out -> out.putInt(8, 7)),
        HostileServerTest::read,
        "has sent a message that is neither a command nor a reply");
    lost(
        server ->
            server.change(
                Command.REGION_READ, out -> out.putInt(LENGTH + Payloads.REGION_COUNT, 8)),
        HostileServerTest::read,
        "has answered an access of 4 bytes with a message of 20, and 20 were to come");
    lost(
        server ->
            server.on(
                Command.REGION_READ,
                (channel, length) -> {
                  channel.outgoing().putInt(4, 3);
                  ScriptedServer.send(channel, length);
                }),
        HostileServerTest::read,
        "has sent a message of 3 bytes, and messages have 16 to 69648");
    lost(
        server ->
            server.on(
                Command.REGION_WRITE,
                (channel, length) -> {
                  channel.outgoing().putInt(4, LENGTH);
                  ScriptedServer.send(channel, LENGTH);
                }),
        device -> device.write(0, 0, 4, 1),
        "has answered an access of 4 bytes with a message of 0, and 16 were to come");
  }

  @Test
  void shouldDropAServerThatStalls() throws Exception {
    lost(
        server -> server.on(Command.REGION_READ, (channel, length) -> {}),
        device -> {
          long start = System.nanoTime();
          read(device);
          assertThat(System.nanoTime() - start)
              .isBetween(PATIENCE.toNanos(), TimeUnit.SECONDS.toNanos(5));
        },
        "does not answer");
    lost(
        server ->
            server.on(Command.REGION_READ, (channel, length) -> ScriptedServer.send(channel, 20)),
        HostileServerTest::read,
        "does not send the rest of a message");
    lost(
        server ->
            server.on(
                Command.REGION_READ,
                (channel, length) -> {
                  ScriptedServer.send(channel, 20);
                  channel.close();
                }),
        HostileServerTest::read,
        "has closed the connection in a message");
  }

  /** One that asks for memory for ever, in place of an answer. */
  @Test
  void shouldDropAServerThatAsksAndDoesNotAnswer() throws Exception {
    lost(
        server ->
            server.on(
                Command.REGION_READ,
                (channel, length) -> {
                  MessageHeader.putCommand(channel.outgoing(), 1, Command.DMA_READ, 32);
                  for (int i = 0; i < 1_000_000; i++) {
                    ScriptedServer.send(channel, 32);
                  }
                }),
        HostileServerTest::read,
        "does not answer|takes no more messages");
  }

  @Test
  void shouldDropAServerThatSendsAFloodOfDescriptors() throws Exception {
    with(
        (server, backend, connected) -> {
          try (EventFd event = linux.eventFd()) {
            List<Fd> many = Collections.nCopies(16, event.fd());
            server.on(
                Command.REGION_READ,
                (channel, length) -> {
                  // In two halves of a message.
                  channel.send(LENGTH, many, System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
                  channel.send(LENGTH, many, System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
                });
            server.start();
            VfioDevice device = backend.add("user:x", connected);
            read(device);
            assertThat(said)
                .singleElement()
                .asString()
                .contains("has sent more than 16 descriptors at once");
          }
        });
  }

  @Test
  void shouldGiveGuestRamToWhoAsksForItAndNothingElse() throws Exception {
    LinkedBlockingQueue<Integer> answers = new LinkedBlockingQueue<>();
    assigned(
        server ->
            server.on(
                Command.REGION_WRITE,
                (channel, length) -> {
                  byte[] usual = new byte[length];
                  channel.outgoing().getBytes(0, usual);
                  answers.add(ask(channel, Command.DMA_WRITE, 0x1000, 8, 8));
                  answers.add(ask(channel, Command.DMA_READ, 0x1000, 8, 0));
                  answers.add((int) channel.incoming().getLong(LENGTH + Payloads.DMA_DATA));
                  answers.add(ask(channel, Command.DMA_READ, (2 << 20) - 4, 8, 0));
                  answers.add(ask(channel, Command.DMA_READ, -8, 16, 0));
                  answers.add(ask(channel, Command.DMA_READ, 0, Long.MAX_VALUE, 0));
                  answers.add(ask(channel, Command.DMA_READ, 0, -1, 0));
                  answers.add(ask(channel, Command.DMA_WRITE, 0x1000, 4096, 8));
                  answers.add(ask(channel, Command.DEVICE_RESET, 0, 0, 0));
                  channel.outgoing().putBytes(0, usual);
                  ScriptedServer.send(channel, length);
                }),
        device -> device.write(0, 0, 4, 1));
    assertThat(answers).containsExactly(0, 0, 0x0707_0707, 14, 14, 22, 22, 22, 95);
    assertThat(said).isEmpty();
  }

  /** Returns the errno of the answer. */
  private static int ask(Channel channel, Command command, long address, long count, int data) {
    UnsafeBuffer out = channel.outgoing();
    int size = LENGTH + Payloads.DMA_DATA + data;
    MessageHeader.putCommand(out, 9, command, size);
    out.putLong(LENGTH, address);
    out.putLong(LENGTH + Payloads.DMA_COUNT, count);
    out.setMemory(LENGTH + Payloads.DMA_DATA, data, (byte) 7);
    ScriptedServer.send(channel, size);
    channel.receive(System.nanoTime() + TimeUnit.SECONDS.toNanos(5));
    UnsafeBuffer in = channel.incoming();
    assertThat(MessageHeader.id(in)).isEqualTo(9);
    return MessageHeader.isError(in) ? MessageHeader.errno(in) : 0;
  }

  private void trapped(Fd file, long offset, long areaOffset, long areaLength, String problem)
      throws Exception {
    said.clear();
    assigned(
        server -> {
          server.barFiles.add(file);
          server.on(
              Command.DEVICE_GET_REGION_INFO,
              (channel, length) -> {
                UnsafeBuffer out = channel.outgoing();
                boolean isBar = out.getInt(LENGTH + VfioStructs.INDEX) == 0;
                if (isBar) {
                  sparse(out, offset, areaOffset, areaLength);
                }
                channel.send(
                    isBar ? LENGTH + SPARSE_LENGTH : length,
                    isBar ? server.barFiles : List.of(),
                    System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
              });
        },
        device -> {
          assertThat(device.region(0).areas()).isEmpty();
          assertThatThrownBy(() -> device.map(0, 0, 4096)).hasMessageContaining("EINVAL");
        });
    assertThat(said).containsExactly("user:x BAR 0 is trapped, not mapped: its server " + problem);
  }

  private static void sparse(UnsafeBuffer out, long offset, long areaOffset, long areaLength) {
    int at = LENGTH + VfioStructs.REGION_LENGTH;
    out.putInt(4, LENGTH + SPARSE_LENGTH);
    out.putInt(LENGTH, SPARSE_LENGTH);
    out.putInt(LENGTH + VfioStructs.FLAGS, 15);
    out.putInt(LENGTH + VfioStructs.REGION_CAPABILITY_OFFSET, VfioStructs.REGION_LENGTH);
    out.putLong(LENGTH + VfioStructs.REGION_OFFSET, offset);
    out.setMemory(at, 32, (byte) 0);
    out.putShort(at, (short) VfioStructs.CAPABILITY_SPARSE_MMAP);
    out.putInt(at + 8, 1);
    out.putLong(at + 16, areaOffset);
    out.putLong(at + 24, areaLength);
  }

  @Test
  void shouldMapNothingThatCouldFailAtAGuestsAccess() throws Exception {
    String beyond = "gives areas beyond its end, or that of the file, or not on pages";
    try (Fd file = linux.sealedMemfd("bar", 8192, 0);
        Fd plain = linux.memfd("bar", 0)) {
      linux.setLength(plain, 8192);
      trapped(plain, 0, 0, 4096, "gives a file that can get shorter (without F_SEAL_SHRINK)");
      trapped(file, 0, 0, 16384, beyond);
      trapped(file, 4096, 4096, 4096, beyond);
      trapped(file, 0, ScriptedServer.BAR_SIZE, 4096, beyond);
      trapped(file, 0, -4096, 8192, beyond);
      trapped(file, 0, 0, Long.MAX_VALUE & -4096, beyond);
      trapped(file, -4096, 0, 4096, beyond);
      trapped(file, 0, 8, 4096, beyond);
      trapped(file, Long.MAX_VALUE & -4096, 0, 4096, beyond);
    }
  }

  @Test
  void shouldMapWhatTheServerGivesWhole() throws Exception {
    try (Fd file = linux.sealedMemfd("bar", ScriptedServer.BAR_SIZE, 0)) {
      assigned(
          server -> server.barFiles.add(file),
          device -> {
            try (Mapping mapping = device.map(0, 4096, 4096)) {
              assertThat(mapping.length()).isEqualTo(4096);
            }
          });
    }
    assertThat(said).isEmpty();
  }

  /** One ioeventfd of BAR 0 for each row: offset, size, index of its descriptor, type, flags. */
  private static void doorbells(ScriptedServer server, List<Fd> descriptors, long[]... rows) {
    server.on(
        Command.DEVICE_GET_REGION_IO_FDS,
        (channel, length) -> {
          UnsafeBuffer out = channel.outgoing();
          int needed = Payloads.IO_FDS_LENGTH + rows.length * Payloads.IO_FD_LENGTH;
          out.setMemory(LENGTH, needed, (byte) 0);
          out.putInt(4, LENGTH + needed);
          out.putInt(LENGTH, needed);
          out.putInt(LENGTH + Payloads.IO_FDS_COUNT, rows.length);
          for (int i = 0; i < rows.length; i++) {
            int at = LENGTH + Payloads.IO_FDS_LENGTH + i * Payloads.IO_FD_LENGTH;
            out.putLong(at, rows[i][0]);
            out.putLong(at + Payloads.IO_FD_SIZE, rows[i][1]);
            out.putInt(at + Payloads.IO_FD_INDEX, (int) rows[i][2]);
            out.putInt(at + Payloads.IO_FD_TYPE, (int) rows[i][3]);
            out.putInt(at + Payloads.IO_FD_FLAGS, (int) rows[i][4]);
            out.putLong(at + Payloads.IO_FD_MATCH, rows[i].length > 5 ? rows[i][5] : 0);
          }
          channel.send(
              LENGTH + needed, descriptors, System.nanoTime() + TimeUnit.SECONDS.toNanos(1));
        });
  }

  private void liesAboutDoorbells(List<Fd> descriptors, String lie, long[]... rows)
      throws Exception {
    refused(
        server -> doorbells(server, descriptors, rows),
        "lies about the ioeventfds of BAR 0: it " + lie);
  }

  private static long[] row(long... numbers) {
    return numbers;
  }

  @Test
  void shouldRefuseAServerThatLiesAboutDoorbells() throws Exception {
    long size = ScriptedServer.BAR_SIZE;
    try (EventFd event = linux.eventFd();
        Fd file = linux.sealedMemfd("no event", 4096, 0)) {
      List<Fd> one = List.of(event.fd());
      liesAboutDoorbells(one, "has one at 0x10000, outside the BAR", row(size, 4, 0, 0, 0));
      liesAboutDoorbells(one, "has one at 0xfffd, outside the BAR", row(size - 3, 4, 0, 0, 0));
      liesAboutDoorbells(one, "has one at 0xffffffffffffffff, outside", row(-1, 0, 0, 0, 0));
      liesAboutDoorbells(
          one, "has one at 0x7fffffffffffffff, outside", row(Long.MAX_VALUE, 8, 0, 0, 0));
      liesAboutDoorbells(one, "has one of 0x3 bytes", row(0, 3, 0, 0, 0));
      liesAboutDoorbells(one, "has one of 0x10 bytes", row(0, 16, 0, 0, 0));
      liesAboutDoorbells(one, "has one of 0xffffffffffffffff bytes", row(0, -1, 0, 0, 0));
      liesAboutDoorbells(one, "has one of 0x8000000000000000 bytes", row(0, 1L << 63, 0, 0, 0));
      liesAboutDoorbells(one, "has one of 0x0 bytes", row(0, 0, 0, 0, 1));
      liesAboutDoorbells(one, "has one at 0x0 with flags 0x2", row(0, 4, 0, 0, 2));
      liesAboutDoorbells(one, "has one at 0x0 with flags 0x8", row(0, 4, 0, 0, 8));
      liesAboutDoorbells(one, "has one at 0x4 without an eventfd", row(4, 4, 1, 0, 0));
      liesAboutDoorbells(one, "has one at 0x4 without an eventfd", row(4, 4, -1, 0, 0));
      liesAboutDoorbells(List.of(), "has one at 0x4 without an eventfd", row(4, 4, 0, 0, 0));
      String overlaps = "has one at 0x6 that overlaps another";
      liesAboutDoorbells(one, overlaps, row(4, 4, 0, 0, 0), row(6, 2, 0, 0, 0));
      liesAboutDoorbells(one, overlaps, row(4, 4, 0, 0, 1, 7), row(6, 2, 0, 0, 1, 8));
      liesAboutDoorbells(one, overlaps, row(6, 4, 0, 0, 0), row(6, 4, 0, 0, 1, 7));
      liesAboutDoorbells(one, overlaps, row(6, 2, 0, 0, 1, 7), row(6, 2, 0, 0, 1, 0x1_0007));
      refused(
          server -> doorbells(server, List.of(file), row(0, 4, 0, 0, 0)),
          "gives a file for a doorbell of BAR 0 that is no eventfd");
    }
  }

  @Test
  void shouldSayWhyAServerThatGoesWhileItTellsOfDoorbellsIsNone() throws Exception {
    try (EventFd event = linux.eventFd()) {
      refused(
          server -> {
            doorbells(server, List.of(event.fd()), row(0, 4, 0, 0, 0));
            server.on(Command.REGION_READ, (channel, length) -> channel.close());
          },
          "has closed the connection");
    }
    refused(
        server -> server.on(Command.DEVICE_GET_REGION_IO_FDS, (channel, length) -> {}),
        "does not answer");
  }

  private void changesDoorbells(Consumer<UnsafeBuffer> change, String reason) throws Exception {
    refused(server -> server.change(Command.DEVICE_GET_REGION_IO_FDS, change), reason);
  }

  private static void put(UnsafeBuffer out, int at, int count, int length) {
    out.putInt(at, count);
    out.putInt(LENGTH, length);
  }

  @Test
  void shouldRefuseAnAnswerAboutDoorbellsThatIsNone() throws Exception {
    int count = LENGTH + Payloads.IO_FDS_COUNT;
    changesDoorbells(out -> out.putInt(LENGTH + VfioStructs.INDEX, 1), "names another region");
    changesDoorbells(out -> out.putInt(count, 1), "says 1 in 16 bytes");
    changesDoorbells(out -> out.putInt(count, -1), "says 4294967295 in 16 bytes");
    changesDoorbells(out -> put(out, count, 1, 56), "says 1 in 16 bytes");
    changesDoorbells(out -> put(out, count, 1, 0), "says 1 in 16 bytes");
    changesDoorbells(out -> put(out, count, 1, -1), "has more than 256");
    refused(
        server ->
            server.on(
                Command.DEVICE_GET_REGION_IO_FDS,
                (channel, length) -> {
                  channel.outgoing().putInt(4, LENGTH + 8);
                  ScriptedServer.send(channel, LENGTH + 8);
                }),
        "answers with 8 bytes where ioeventfds were asked for");
  }

  @Test
  void shouldTakeDoorbellsThatAreTrueAndLeaveTheOthersToMessages() throws Exception {
    try (EventFd event = linux.eventFd()) {
      assigned(
          server ->
              doorbells(
                  server,
                  List.of(event.fd()),
                  row(8, 4, 0, 0, 1, 0xff_0000_0007L),
                  row(8, 4, 0, 0, 1, 8),
                  row(16, 0, 0, 0, 0),
                  row(24, 8, 0, 1, 0)),
          device -> {
            assertThat(device.doorbells(0))
                .extracting(VfioDoorbell::offset, VfioDoorbell::length, VfioDoorbell::match)
                .containsExactly(tuple(8L, 4, 7L), tuple(8L, 4, 8L), tuple(16L, 0, 0L));
            device.doorbells(0).get(2).event().signal();
            assertThat(event.drain()).as("shared by all").isEqualTo(1);
          });
    }
    assertThat(said)
        .containsExactly(
            "user:x BAR 0 is trapped in part: its server offers 1 sub-regions by other means than"
                + " ioeventfds");
    said.clear();
    assigned(
        server -> error(server, Command.DEVICE_GET_REGION_IO_FDS, 95),
        device -> {
          assertThat(device.doorbells(0)).isEmpty();
          assertThat(device.read(0, 8, 4)).isEqualTo(0x5a5a_5a5aL);
        });
    assertThat(said).isEmpty();
  }
}
