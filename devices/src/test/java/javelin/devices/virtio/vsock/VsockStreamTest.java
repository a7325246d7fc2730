package javelin.devices.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Streams of a guest that are echoed on the host by programs that read and write in pieces and stop
 * now and then, so that bytes are kept and credits run out: each byte comes back, in order.
 */
@Timeout(120)
class VsockStreamTest {
  private static final int STREAMS = 4;
  private static final int LENGTH = 600_000;
  private static final int HOST_PORT = 80;

  @TempDir Path folder;

  /** Byte {@code index} of stream {@code stream}. */
  private static byte pattern(int stream, int index) {
    return (byte) (index * 31 + (index >>> 8) * 7 + stream * 101);
  }

  /** The guest's end of a stream. */
  private static final class Stream {
    final int port;
    int sent;
    int received;
    long deviceRoom;
    long deviceForwarded;
    int told;
    boolean isOver;

    Stream(int port) {
      this.port = port;
    }

    /** What the guest has room for, which is little. */
    GuestPacket with(GuestPacket packet) {
      told = received;
      return packet.credit(30_000, received);
    }
  }

  private static Thread echo(SocketChannel socket, long seed) {
    Thread thread =
        new Thread(
            () -> {
              SplittableRandom random = new SplittableRandom(seed);
              ByteBuffer bytes = ByteBuffer.allocateDirect(50_000);
              try (socket) {
                while (true) {
                  bytes.clear().limit(1 + random.nextInt(bytes.capacity()));
                  if (socket.read(bytes) < 0) {
                    return;
                  }
                  if (random.nextInt(8) == 0) {
                    Thread.sleep(2);
                  }
                  bytes.flip();
                  while (bytes.hasRemaining()) {
                    socket.write(bytes);
                  }
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "echo");
    thread.start();
    return thread;
  }

  @Test
  void shouldCarryEachByteInOrderHoweverTheStreamsAreCut() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed of the echoed streams: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<Thread> programs = new ArrayList<>();
    Map<Integer, Stream> streams = new HashMap<>();
    try (VsockBench bench = new VsockBench(folder).start(VsockBench.RING);
        ServerSocketChannel server = bench.listen(HOST_PORT)) {
      for (int port = 0; port < STREAMS; port++) {
        Stream stream = new Stream(port);
        streams.put(port, stream);
        bench.send(stream.with(GuestPacket.of(GuestPacket.REQUEST, port, HOST_PORT)));
        programs.add(echo(server.accept(), random.nextLong()));
      }
      while (streams.values().stream().anyMatch(stream -> !stream.isOver)) {
        Stream stream = streams.get(random.nextInt(STREAMS));
        if (stream.deviceRoom > 0 && !stream.isOver) {
          send(bench, stream, random);
        }
        while (!bench.isQuiet()) {
          receive(bench, streams, bench.receive(), seed);
        }
      }
      for (Thread program : programs) {
        program.join();
      }
      assertThat(bench.problems).as("seed %d", seed).isEmpty();
    }
  }

  private static void send(VsockBench bench, Stream stream, SplittableRandom random) {
    long room = stream.deviceRoom - (stream.sent - stream.deviceForwarded);
    int length = (int) Math.min(Math.min(room, LENGTH - stream.sent), random.nextInt(60_000));
    if (length > 0) {
      byte[] bytes = new byte[length];
      for (int i = 0; i < length; i++) {
        bytes[i] = pattern(stream.port, stream.sent + i);
      }
      bench.send(stream.with(GuestPacket.of(GuestPacket.RW, stream.port, HOST_PORT, bytes)));
      stream.sent += length;
      if (stream.sent == LENGTH) {
        bench.send(
            stream.with(
                GuestPacket.of(GuestPacket.SHUTDOWN, stream.port, HOST_PORT)
                    .flags(PacketHeader.NO_SEND)));
      }
    } else if (stream.received != stream.told) {
      bench.send(stream.with(GuestPacket.of(GuestPacket.CREDIT_UPDATE, stream.port, HOST_PORT)));
    }
  }

  private static void receive(
      VsockBench bench, Map<Integer, Stream> streams, GuestPacket packet, long seed) {
    Stream stream = streams.get(packet.targetPort);
    stream.deviceRoom = packet.room;
    stream.deviceForwarded = packet.forwarded;
    switch (packet.operation) {
      case GuestPacket.RW -> {
        for (byte value : packet.payload) {
          if (value != pattern(stream.port, stream.received)) {
            throw new AssertionError(
                "byte " + stream.received + " of stream " + stream.port + ", seed " + seed);
          }
          stream.received++;
        }
        assertThat(stream.received - stream.told).as("seed %d", seed).isLessThanOrEqualTo(30_000);
      }
      case GuestPacket.SHUTDOWN -> {
        assertThat(stream.received).as("seed %d", seed).isEqualTo(LENGTH);
        if (packet.flags == 3) {
          bench.send(GuestPacket.of(GuestPacket.RST, stream.port, HOST_PORT));
          stream.isOver = true;
        }
      }
      default ->
          assertThat(packet.operation)
              .as("seed %d", seed)
              .isIn(GuestPacket.RESPONSE, GuestPacket.CREDIT_UPDATE, GuestPacket.CREDIT_REQUEST);
    }
  }
}
