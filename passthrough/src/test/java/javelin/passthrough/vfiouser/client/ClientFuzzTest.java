package javelin.passthrough.vfiouser.client;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;

/**
 * A server that answers whatever the input says (Jazzer). In the build, the inputs kept are run
 * once each; with JAZZER_FUZZ=1 in the environment, new ones are looked for by coverage.
 *
 * <p>All it says is there before the client asks. An input is a row of messages: flags (1 byte: 1
 * the version is the input's, of the first message; 2 a file along, 4 it has failed, 8 raw bytes
 * without a header), command (1; 0 for the one that the client sends then, in its usual order),
 * length of the payload in units of 8 bytes (1), and the payload.
 */
@Tag("fuzz")
class ClientFuzzTest {
  private static final Duration PATIENCE = Duration.ofMillis(2);
  private static final int MOST_MESSAGES = 64;
  private static final int HEADER = MessageHeader.LENGTH;
  private static final int RAM = 1 << 20;

  private static final Linux LINUX = Linux.system();
  private static final EventLoop LOOP = new EventLoop(LINUX, "fuzz");

  /** What a client says first, behind the version. */
  private static final Command[] OPENING = new Command[1 + 8 + 5];

  static {
    Arrays.fill(OPENING, Command.DEVICE_GET_REGION_INFO);
    OPENING[0] = Command.DEVICE_GET_INFO;
    Arrays.fill(OPENING, 9, OPENING.length, Command.DEVICE_GET_IRQ_INFO);
  }

  @FuzzTest(maxDuration = "10m")
  void shouldBelieveNothingThatWouldHarmWhateverTheServerSays(byte[] input) {
    Fd[] pair = UnixSocket.pair(LINUX, "fuzz");
    GuestMemory memory = new GuestMemory();
    try (GuestRam ram = GuestRam.create(LINUX, RamConfig.of(RAM), memory);
        Fd file = LINUX.sealedMemfd("fuzz", 1 << 16, 0);
        EventFd event = LINUX.eventFd();
        Channel server = new Channel(new DescriptorSocket(pair[0]))) {
      if (ram.config().size() != RAM) {
        throw new AssertionError();
      }
      sayAll(server, ByteBuffer.wrap(input), file);
      ClientConnection connection =
          new ClientConnection(
              "fuzz",
              new Channel(new DescriptorSocket(pair[1])),
              new GuestDma(memory),
              PATIENCE,
              line -> {});
      try (VfioUserDevice device =
          new VfioUserDevice(LINUX, "fuzz", connection, LOOP, line -> {})) {
        memory.addListener(new DmaMaps(connection));
        connection.opened();
        use(device, event);
        connection.ready();
      } catch (VfioException | ErrnoException e) {
        // It says why there is no such device.
      }
    }
  }

  private static void use(VfioUserDevice device, EventFd event) {
    for (int i = 0; i <= VfioRegion.CONFIG; i++) {
      VfioRegion region = device.region(i);
      for (int size = 1; size <= 8; size <<= 1) {
        device.read(i, 0, size);
        device.write(i, region.size() - size, size, -1);
      }
      for (VfioRegion.Area area : region.areas()) {
        device.map(i, area.offset(), area.length()).close();
      }
    }
    device.trigger(VfioIrq.INTX, 0, List.of(event));
    device.mask();
    device.unmaskBy(event);
    device.unmask();
    device.disable(VfioIrq.INTX);
    device.reset();
  }

  private static void sayAll(Channel server, ByteBuffer bytes, Fd file) {
    try {
      int id = 0;
      if (bytes.capacity() == 0 || (bytes.get(0) & 1) == 0) {
        UnsafeBuffer out = server.outgoing();
        int length = HEADER + Version.OURS.put(out, HEADER);
        MessageHeader.putReply(out, id++, Command.VERSION.number(), length);
        server.send(length, List.of(), deadline());
      }
      for (int i = 0; i < MOST_MESSAGES && bytes.remaining() >= 3; i++) {
        id = say(server, bytes, id, file);
      }
    } catch (PeerException e) {
      // More than the socket takes.
    }
  }

  private static long deadline() {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1);
  }

  /** Returns the number of the next message. */
  private static int say(Channel server, ByteBuffer bytes, int id, Fd file) {
    int flags = bytes.get();
    int command = bytes.get() & 0xff;
    int length = Math.min((bytes.get() & 0xff) * Long.BYTES, bytes.remaining());
    byte[] payload = new byte[length];
    bytes.get(payload);
    UnsafeBuffer out = server.outgoing();
    List<Fd> descriptors = (flags & 2) != 0 ? List.of(file) : List.of();
    if ((flags & 8) != 0) {
      if (length > 0) {
        out.putBytes(0, payload);
        server.send(length, descriptors, deadline());
      }
      return id;
    }
    out.putBytes(HEADER, payload);
    boolean isCommand = command == 11 || command == 12;
    int number = command;
    if (command == 0) {
      int place = id - 1;
      number =
          place < 0
              ? Command.VERSION.number()
              : place < OPENING.length ? OPENING[place].number() : Command.REGION_READ.number();
    }
    MessageHeader.putReply(out, id, number, HEADER + length);
    if (isCommand) {
      out.putInt(8, 0);
    } else if ((flags & 4) != 0) {
      MessageHeader.putError(out, id, number, length);
    }
    server.send(HEADER + ((flags & 4) != 0 ? 0 : length), descriptors, deadline());
    return isCommand ? id : id + 1;
  }
}
