package javelin.passthrough.vfiouser.server;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.passthrough.faults.Faults;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Version;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.UnixSocket;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Tag;

/**
 * A client that sends whatever the input says (Jazzer). In the build, the inputs kept are run once
 * each; with JAZZER_FUZZ=1 in the environment, new ones are looked for by coverage.
 *
 * <p>An input is a row of messages: command (1 byte), flags (1: 1 without a version first, of the
 * first message; 2 an eventfd along, 4 a file along, 8 no reply wanted, 16 the length is of the
 * whole message and the rest its raw bytes), length of the payload (1), and the payload.
 */
@Tag("fuzz")
class ServerFuzzTest {
  private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(2);
  private static final int MOST_MESSAGES = 64;
  private static final int HEADER = MessageHeader.LENGTH;

  private static final Linux LINUX = Linux.system();
  private static final EventLoop LOOP = new EventLoop(LINUX, "fuzz");

  @FuzzTest(maxDuration = "10m")
  void shouldServeOrDropWhateverTheClientSends(byte[] input) {
    Fd[] pair = UnixSocket.pair(LINUX, "fuzz");
    try (Faults faults = new Faults(List.of(), LOOP);
        Fd file = LINUX.sealedMemfd("fuzz", 1 << 16, 0);
        EventFd event = LINUX.eventFd();
        ModelDevice device =
            new ModelDevice(LINUX, "fuzz", new MsixModel(false), LOOP, new Nowhere(), faults);
        Channel client = new Channel(new DescriptorSocket(pair[1]));
        ServerSession session =
            new ServerSession(
                LINUX,
                new Channel(new DescriptorSocket(pair[0])),
                device,
                faults,
                PATIENCE,
                line -> {},
                () -> {})) {
      ByteBuffer bytes = ByteBuffer.wrap(input);
      if (input.length < 2 || (input[1] & 1) == 0) {
        UnsafeBuffer out = client.outgoing();
        int length = HEADER + Version.OURS.put(out, HEADER);
        MessageHeader.putCommand(out, 0, Command.VERSION, length);
        client.send(length, List.of(), deadline());
        session.ready();
      }
      for (int i = 0; i < MOST_MESSAGES && bytes.remaining() >= 3; i++) {
        send(client, bytes, i, event.fd(), file);
        while (!session.isOver() && session.hasInput()) {
          session.ready();
        }
        session.memory().read(0x1000, new byte[16], 0, 16);
        if (session.isOver()) {
          return;
        }
        session.doKept();
      }
    }
  }

  /** The device's own memory is the session's; this one is not asked. */
  private static final class Nowhere implements BusMemory {
    @Override
    public boolean read(long address, byte[] target, int offset, int length) {
      return false;
    }

    @Override
    public boolean write(long address, byte[] source, int offset, int length) {
      return false;
    }
  }

  private static long deadline() {
    return System.nanoTime() + PATIENCE;
  }

  private static void send(Channel client, ByteBuffer bytes, int id, Fd event, Fd file) {
    int command = bytes.get() & 0xff;
    int flags = bytes.get();
    int length = Math.min(bytes.get() & 0xff, bytes.remaining());
    byte[] payload = new byte[length];
    bytes.get(payload);
    UnsafeBuffer out = client.outgoing();
    List<Fd> descriptors =
        (flags & 2) != 0 ? List.of(event) : (flags & 4) != 0 ? List.of(file) : List.of();
    if ((flags & 16) != 0) {
      if (length > 0) {
        out.putBytes(0, payload);
        client.send(length, descriptors, deadline());
      }
      return;
    }
    out.putBytes(HEADER, payload);
    MessageHeader.putCommand(out, id, Command.VERSION, HEADER + length);
    out.putShort(2, (short) command);
    out.putInt(8, (flags & 8) != 0 ? 0x10 : 0);
    client.send(HEADER + length, descriptors, deadline());
  }
}
