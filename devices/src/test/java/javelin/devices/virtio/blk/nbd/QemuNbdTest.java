package javelin.devices.virtio.blk.nbd;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
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
import javelin.vmm.linux.QemuNbd;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A qcow2 image behind the real qemu-nbd. */
@Timeout(60)
class QemuNbdTest {
  private static final int PART = 1 << 16;
  private static final int PARTS = 32;

  @TempDir Path folder;
  private final Linux linux = Linux.system();
  private final UnsafeBuffer memory = NativeMemory.allocate(PARTS * PART);
  private final List<Integer> results = new ArrayList<>();
  private final List<String> reports = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void needsQemuNbd() {
    QemuNbd.assume();
  }

  private NbdDisk open(QemuNbd server, int queues) {
    NbdAddress address = NbdAddress.parse("nbd:unix:" + server.socket(), null);
    return NbdDisk.open(linux, address, false, queues, reports::add);
  }

  private BlockRequest request(Operation operation, int part) {
    IoVector data = null;
    if (operation == Operation.READ || operation == Operation.WRITE) {
      data = new IoVector(1);
      data.prepend(memory.addressOffset() + (long) PART * part, PART);
    }
    return new BlockRequest((ended, result) -> results.add(result))
        .set(operation, (long) PART * part * 3, PART, data);
  }

  /** Does {@code operation} to all parts at once. */
  private void all(BlockBackend.Channel channel, Operation operation) {
    results.clear();
    for (int i = 0; i < PARTS; i++) {
      channel.submit(request(operation, i));
    }
    channel.drain();
    assertThat(results).hasSize(PARTS);
  }

  @Test
  void shouldKeepWhatIsWrittenInAQcow2Image() throws Exception {
    byte[] bytes = new byte[PARTS * PART];
    new SplittableRandom(5).nextBytes(bytes);
    byte[] found = new byte[bytes.length];
    try (QemuNbd server = new QemuNbd(folder, "64M")) {
      noLeaks(
          () -> {
            try (EventFd wake = linux.eventFd();
                NbdDisk disk = open(server, 4)) {
              assertThat(disk.length()).isEqualTo(64 << 20);
              assertThat(disk.connections()).isEqualTo(4);
              memory.putBytes(0, bytes);
              all(disk.channel(() -> wake), Operation.WRITE);
              assertThat(results).containsOnly(0);
              all(disk.channel(() -> wake), Operation.FLUSH);
              assertThat(results).containsOnly(0);
            }
            try (EventFd wake = linux.eventFd();
                NbdDisk disk = open(server, 1)) {
              BlockBackend.Channel channel = disk.channel(() -> wake);
              memory.setMemory(0, bytes.length, (byte) 0);
              all(channel, Operation.READ);
              memory.getBytes(0, found);
              assertThat(found).isEqualTo(bytes);
              for (Operation operation :
                  List.of(Operation.DISCARD, Operation.ZERO_KEEPING_SPACE, Operation.ZERO)) {
                all(channel, operation);
                assertThat(results).containsOnly(0);
              }
              all(channel, Operation.READ);
              memory.getBytes(0, found);
              assertThat(found).containsOnly(0);
            }
          });
    }
    assertThat(reports).isEmpty();
  }

  @Test
  void shouldEndRequestsInErrorsWhenTheServerIsKilled() throws Exception {
    try (QemuNbd server = new QemuNbd(folder, "64M");
        EventFd wake = linux.eventFd();
        NbdDisk disk = open(server, 1)) {
      BlockBackend.Channel channel = disk.channel(() -> wake);
      all(channel, Operation.WRITE);
      server.kill();
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (reports.isEmpty() && System.nanoTime() < deadline) {
        Thread.sleep(1);
      }
      all(channel, Operation.WRITE);
      assertThat(results).containsOnly(-Errno.ENOTCONN.number());
      assertThat(reports).hasSize(1);
    }
  }
}
