package javelin.passthrough.vfiouser.client;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.devices.pci.BarSet;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioException;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.PeerException;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Errno;
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
 * without a header, 16 what the BARs' doorbells are is the input's, of the first message: else the
 * server knows of none, 32 an eventfd along, 64 the payload without its last 4 bytes), command (1;
 * 0 for the one that the client sends then, in its usual order), length of the payload in units of
 * 8 bytes (1), and the payload.
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
      new Script(server, file, event.fd()).say(ByteBuffer.wrap(input));
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
      for (VfioDoorbell doorbell : device.doorbells(i)) {
        if (doorbell.offset() < 0 || doorbell.end() > region.size()) {
          throw new AssertionError(doorbell + " in " + region);
        }
      }
    }
    device.trigger(VfioIrq.INTX, 0, List.of(event));
    device.mask();
    device.unmaskBy(event);
    device.unmask();
    device.disable(VfioIrq.INTX);
    device.reset();
  }

  private static long deadline() {
    return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1);
  }

  /** All that the server says. */
  private static final class Script {
    private final Channel server;
    private final Fd file;
    private final Fd event;

    /** Number of the next message. */
    private int id;

    /** BARs that the server has told of: doorbells are asked for of each. */
    private int bars;

    Script(Channel server, Fd file, Fd event) {
      this.server = server;
      this.file = file;
      this.event = event;
    }

    void say(ByteBuffer bytes) {
      int first = bytes.capacity() == 0 ? 0 : bytes.get(0);
      boolean saysDoorbells = (first & 16) != 0;
      try {
        if ((first & 1) == 0) {
          UnsafeBuffer out = server.outgoing();
          int length = HEADER + Version.OURS.put(out, HEADER);
          MessageHeader.putReply(out, id++, Command.VERSION.number(), length);
          server.send(length, List.of(), deadline());
        }
        for (int i = 0; i < MOST_MESSAGES && bytes.remaining() >= 3; i++) {
          if (id == 1 + OPENING.length && bars > 0 && !saysDoorbells) {
            refuseDoorbells();
          }
          sayOne(bytes);
        }
      } catch (PeerException e) {
        // More than the socket takes.
      }
    }

    /** Once, as the client does not ask again. */
    private void refuseDoorbells() {
      bars = 0;
      int number = Command.DEVICE_GET_REGION_IO_FDS.number();
      MessageHeader.putError(server.outgoing(), id++, number, Errno.EOPNOTSUPP.number());
      server.send(HEADER, List.of(), deadline());
    }

    private void sayOne(ByteBuffer bytes) {
      int flags = bytes.get();
      int command = bytes.get() & 0xff;
      int length = Math.min((bytes.get() & 0xff) * Long.BYTES, bytes.remaining());
      byte[] payload = new byte[length];
      bytes.get(payload);
      length -= (flags & 64) != 0 ? Math.min(length, Integer.BYTES) : 0;
      UnsafeBuffer out = server.outgoing();
      List<Fd> descriptors = new ArrayList<>();
      if ((flags & 2) != 0) {
        descriptors.add(file);
      }
      if ((flags & 32) != 0) {
        descriptors.add(event);
      }
      if ((flags & 8) != 0) {
        if (length > 0) {
          out.putBytes(0, payload);
          server.send(length, descriptors, deadline());
        }
        return;
      }
      out.putBytes(HEADER, payload);
      boolean isCommand = command == 11 || command == 12;
      MessageHeader.putReply(out, id, command == 0 ? usual() : command, HEADER + length);
      if (isCommand) {
        out.putInt(8, 0);
      } else if ((flags & 4) != 0) {
        MessageHeader.putError(out, id, command == 0 ? usual() : command, length);
      } else if (isBar(id - 1, payload)) {
        bars++;
      }
      server.send(HEADER + ((flags & 4) != 0 ? 0 : length), descriptors, deadline());
      id += isCommand ? 0 : 1;
    }

    /** What the client asks for then. */
    private int usual() {
      int place = id - 1;
      Command command =
          place < 0
              ? Command.VERSION
              : place < OPENING.length
                  ? OPENING[place]
                  : place < OPENING.length + bars
                      ? Command.DEVICE_GET_REGION_IO_FDS
                      : Command.REGION_READ;
      return command.number();
    }

    private static boolean isBar(int place, byte[] payload) {
      return place >= 1
          && place <= BarSet.COUNT
          && payload.length >= VfioStructs.REGION_LENGTH
          && new UnsafeBuffer(payload).getLong(VfioStructs.REGION_SIZE) != 0;
    }
  }
}
