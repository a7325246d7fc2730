package javelin.devices.virtio.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The loop allocates nothing for a packet of an open connection, either way. */
@Timeout(60)
class VsockAllocationTest {
  private static final int ROUNDS = 3_000;
  private static final int LENGTH = 512;

  /** What the measurement itself may cost, far below one per packet. */
  private static final long NOISE_BYTES = 4096;

  @TempDir Path folder;

  private final ByteBuffer bytes = ByteBuffer.allocateDirect(LENGTH);
  private int toGuest;
  private int fromGuest;

  private static long loopThread() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("vsock test"))
        .findFirst()
        .orElseThrow()
        .getId();
  }

  private void move(VsockBench bench, SocketChannel program) throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      bench.sendLater(GuestPacket.of(GuestPacket.RW, 7, 80, new byte[LENGTH]).credit(1 << 30, 0));
      fromGuest += LENGTH;
      bytes.clear();
      while (bytes.hasRemaining()) {
        program.read(bytes);
      }
      bytes.clear();
      program.write(bytes);
      toGuest += LENGTH;
      int length = 0;
      while (length < LENGTH) {
        length += bench.receive().payload.length;
      }
    }
  }

  @Test
  void shouldAllocateNothingForAPacket() throws Exception {
    try (VsockBench bench = new VsockBench(folder).start(32);
        ServerSocketChannel server = bench.listen(80)) {
      bench.send(GuestPacket.of(GuestPacket.REQUEST, 7, 80));
      assertThat(bench.receive().operation).isEqualTo(GuestPacket.RESPONSE);
      try (SocketChannel program = server.accept()) {
        move(bench, program); // Loads classes.
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = loopThread();
        long before = threads.getThreadAllocatedBytes(thread);
        assertThat(before).as("the loop's own start").isPositive();
        move(bench, program);
        assertThat(threads.getThreadAllocatedBytes(thread) - before).isLessThan(NOISE_BYTES);
        assertThat(toGuest).isEqualTo(2 * ROUNDS * LENGTH);
        assertThat(fromGuest).isEqualTo(toGuest);
      }
    }
  }
}
