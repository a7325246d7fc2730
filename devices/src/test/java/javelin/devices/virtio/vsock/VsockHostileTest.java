package javelin.devices.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.virtio.bench.StateBench;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Packets and rings in which anything may be: the device goes on, at the latest after a reset. */
@Timeout(120)
class VsockHostileTest {
  private static final int ROUNDS = 60;
  private static final int PACKETS = 60;

  @TempDir Path folder;

  private static GuestPacket packet(SplittableRandom random) {
    boolean isSane = random.nextInt(4) > 0;
    byte[] payload = new byte[random.nextInt(5) == 0 ? random.nextInt(60_000) : random.nextInt(99)];
    int operation = random.nextInt(isSane ? 8 : 65536);
    return GuestPacket.of(
            operation == GuestPacket.RST && isSane ? GuestPacket.RW : operation,
            random.nextInt(3),
            random.nextInt(20) == 0 ? random.nextInt() : 80 + random.nextInt(2),
            payload)
        .cids(
            random.nextInt(20) == 0 ? random.nextLong() : VsockBench.CID,
            random.nextInt(20) == 0 ? random.nextLong() : 2)
        .length(isSane ? payload.length : random.nextInt())
        .type(random.nextInt(30) == 0 ? random.nextInt(65536) : 1)
        .flags(random.nextInt(isSane ? 4 : Integer.MAX_VALUE))
        .credit(isSane ? 1 << 16 : random.nextInt(), isSane ? 0 : random.nextInt());
  }

  private static void scribble(SplittableRandom random, VsockBench bench) {
    for (int i = 0; i < VsockBench.RING; i++) {
      boolean isSane = random.nextInt(4) > 0;
      (random.nextBoolean() ? bench.fromGuest : bench.toGuest)
          .descriptor(
              i,
              isSane ? 0x10_0000 + random.nextInt(0x20_0000) : random.nextLong(),
              isSane ? 1 + random.nextInt(4096) : random.nextInt(StateBench.RAM),
              random.nextInt(isSane ? 4 : 8),
              random.nextInt(isSane ? VsockBench.RING : 65536));
    }
    for (int i = 0; i < 5; i++) {
      bench.fromGuest.offer(random.nextInt(VsockBench.RING));
      bench.toGuest.offer(random.nextInt(random.nextInt(8) == 0 ? 65536 : VsockBench.RING));
      bench.state.kick(random.nextInt(2));
    }
  }

  private static void greet(SocketChannel program) {
    try {
      VsockBench.write(program, "something to read");
    } catch (IOException e) {
      // The device has reset the connection by now, as the guest asked for it, or did wrong.
    }
  }

  @Test
  void shouldGoOnWhateverTheDriverSends() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed of the hostile sockets: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<SocketChannel> programs = new ArrayList<>();
    try (VsockBench bench = new VsockBench(folder);
        ServerSocketChannel server = bench.listen(80)) {
      server.configureBlocking(false);
      for (int round = 0; round < ROUNDS; round++) {
        bench.start(VsockBench.RING / 2);
        for (int i = 0; i < PACKETS && (bench.state.status() & 64) == 0; i++) {
          bench.send(packet(random));
          SocketChannel program = server.accept();
          if (program != null) {
            programs.add(program);
            greet(program);
          }
          while (!bench.isQuiet()) {
            GuestPacket packet = bench.receive();
            assertThat(packet.targetCid).as("seed %d", seed).isEqualTo(VsockBench.CID);
            assertThat(packet.length).as("seed %d", seed).isEqualTo(packet.payload.length);
            assertThat(packet.operation).as("seed %d", seed).isBetween(1, 7);
          }
        }
        assertThat(bench.state.status() & 64).as("seed %d", seed).isZero();
        scribble(random, bench);
        bench.state.reset();
        for (SocketChannel program : programs) {
          program.close();
        }
        programs.clear();
      }
      assertThat(bench.problems)
          .as("seed %d", seed)
          .noneMatch(line -> line.contains("Javelin itself"));
      bench.start(8);
      bench.send(GuestPacket.of(GuestPacket.REQUEST, 7, 80));
      assertThat(bench.receive().text()).as("seed %d", seed).isEqualTo("2:80>3:7 RESPONSE");
    }
  }
}
