package javelin.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.VarHandle;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.SplitModelRing;
import javelin.devices.virtio.bench.StateBench;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How often a queue of a network has to be woken while it is polled; by counts. */
@Timeout(60)
class NetPollingTest {
  private static final int ROUNDS = 300;
  private static final int SIZE = 64;
  private static final int FRAME = 100;
  private static final int HEADER = 12;
  private static final long LONG = TimeUnit.SECONDS.toNanos(2);

  @TempDir Path folder;

  private interface Body {
    void run(StateBench bench, SocketChannel network) throws Exception;
  }

  private void withNetwork(Body body) throws Exception {
    Path path = folder.resolve("net");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      try (StateBench bench =
              new StateBench(
                  "net polling test",
                  machine ->
                      new VirtioNet(
                          StreamBackend.connect(machine.linux, path.toString()),
                          MacAddress.derive("test"),
                          queue -> machine.loop,
                          LONG));
          SocketChannel network = server.accept()) {
        bench.start(0, SIZE);
        body.run(bench, network);
        assertThat(bench.problems).isEmpty();
      }
    }
  }

  @Test
  void shouldNeedFewNotificationsForFramesThatAreSent() throws Exception {
    withNetwork(
        (bench, network) -> {
          SplitModelRing ring = (SplitModelRing) bench.rings.get(1);
          ByteBuffer frame = ByteBuffer.allocate(4 + FRAME);
          int notified = 0;
          for (int i = 0; i < ROUNDS; i++) {
            ring.send(1, StateBench.BUFFERS, HEADER + FRAME);
            VarHandle.fullFence(); // As in drivers: what was made available is seen before that.
            if ((ring.usedFlags() & 1) == 0) {
              notified++;
              bench.state.event(1).signal();
            }
            frame.clear();
            while (frame.hasRemaining()) {
              network.read(frame);
            }
            assertThat(frame.getInt(0)).isEqualTo(FRAME);
          }
          assertThat(notified).isLessThan(ROUNDS / 10);
        });
  }

  @Test
  void shouldReceiveFramesWithoutBeingWoken() throws Exception {
    withNetwork(
        (bench, network) -> {
          ModelRing ring = bench.rings.get(0);
          ByteBuffer frame = ByteBuffer.allocate(4 + FRAME);
          for (int i = 0; i < SIZE; i++) {
            ring.send(0, StateBench.BUFFERS + 2048L * i, 2048);
          }
          bench.state.event(0).signal();
          long before = bench.loop.handled();
          for (int i = 0; i < ROUNDS; i++) {
            int count = i + 1;
            network.write(frame.clear().putInt(0, FRAME));
            bench.await(() -> ring.usedIndex() == count);
            ring.offer(ring.usedHead(i));
          }
          assertThat(bench.loop.handled() - before).isLessThan(ROUNDS / 5);
        });
  }
}
