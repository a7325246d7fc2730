package javelin.vmm.linux;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rings on this host's kernel, and what a fake one refuses. */
class IoUringTest {
  private static final int BLOCK = 4096;
  private static final int ENTRIES = 8;

  private final UnsafeBuffer data = NativeMemory.allocate(ENTRIES * BLOCK);
  private final UnsafeBuffer vectors = NativeMemory.allocate(ENTRIES * 16);
  private final Map<Long, Integer> ended = new TreeMap<>();

  @TempDir Path folder;

  IoUringTest() {
    for (int i = 0; i < ENTRIES; i++) {
      vectors.putLong(16 * i, data.addressOffset() + (long) BLOCK * i);
      vectors.putLong(16 * i + 8, BLOCK);
      data.setMemory(BLOCK * i, BLOCK, (byte) (i + 1));
    }
  }

  private void prepare(IoUring ring, int operation, Fd file, int i) {
    ring.prepare(
        operation, file.number(), vectors.addressOffset() + 16L * i, 1, (long) BLOCK * i, i);
  }

  private void finish(IoUring ring) {
    assertThat(ring.submit()).isZero();
    while (ring.inFlight() > 0) {
      ring.await();
      ring.reap(ended::put);
    }
  }

  @Test
  void shouldWriteAndReadInBatches() throws Exception {
    Linux linux = Linux.system();
    assumeTrue(IoUring.isAvailable(linux), "this kernel gives no io_uring");
    Path path = Files.write(folder.resolve("file"), new byte[0]);
    noLeaks(
        () -> {
          try (Fd file = linux.open(path.toString(), Linux.O_RDWR);
              EventFd event = linux.eventFd();
              IoUring ring = new IoUring(linux, ENTRIES)) {
            ring.signal(event);
            // More rounds than either ring is long.
            for (int round = 0; round < 5; round++) {
              for (int i = 0; i < ENTRIES; i++) {
                prepare(ring, IoUring.WRITEV, file, i);
              }
              assertThat(ring.prepared()).isEqualTo(ENTRIES);
              finish(ring);
              assertThat(ended).hasSize(ENTRIES).containsValue(BLOCK);
              assertThat(event.drain()).isPositive();
            }
            data.setMemory(0, data.capacity(), (byte) 0);
            for (int i = 0; i < ENTRIES; i++) {
              prepare(ring, IoUring.READV, file, i);
            }
            finish(ring);
            prepare(ring, IoUring.READV, file, 0);
            ring.prepare(IoUring.READV, -1, vectors.addressOffset(), 1, 0, 1);
            finish(ring);
          }
        });
    assertThat(ended).containsEntry(0L, BLOCK).containsEntry(1L, -Errno.EBADF.number());
    for (int i = 0; i < ENTRIES; i++) {
      assertThat(data.getByte(BLOCK * i)).isEqualTo((byte) (i + 1));
    }
    assertThat(Files.size(path)).isEqualTo(ENTRIES * BLOCK);
  }

  @Test
  void shouldSayWhetherThereIsAny() {
    try (FakeSyscalls syscalls = new FakeSyscalls()) {
      Linux linux = new Linux(syscalls);
      assertThat(IoUring.isAvailable(linux)).isFalse();
      FakeUring kernel = new FakeUring(syscalls);
      assertThat(IoUring.isAvailable(linux)).isTrue();
      kernel.features(3);
      assertThatThrownBy(() -> new IoUring(linux, ENTRIES))
          .hasMessageContaining("too old")
          .hasMessageContaining("ENOSYS");
      kernel.features(-1);
      syscalls.fail("mmap", 2, Errno.ENOMEM);
      assertThatThrownBy(() -> new IoUring(linux, ENTRIES)).hasMessageContaining("ENOMEM");
      syscalls.requireNothingOpen();
    }
  }

  @Test
  void shouldGoOnWhereTheKernelTakesPartOfABatchAndTakeBackTheRest() {
    try (FakeSyscalls syscalls = new FakeSyscalls().file("/file", new byte[ENTRIES * BLOCK])) {
      FakeUring kernel = new FakeUring(syscalls);
      Linux linux = new Linux(syscalls);
      try (Fd file = linux.open("/file", Linux.O_RDWR);
          IoUring ring = new IoUring(linux, ENTRIES)) {
        kernel.takeAtMost(2);
        kernel.refuse(Errno.EINTR);
        for (int i = 0; i < 5; i++) {
          prepare(ring, IoUring.WRITEV, file, i);
        }
        finish(ring);
        assertThat(ended).hasSize(5);
        assertThat(kernel.enters()).isEqualTo(4);
        kernel.refuse(Errno.EBUSY);
        prepare(ring, IoUring.WRITEV, file, 5);
        prepare(ring, IoUring.WRITEV, file, 6);
        assertThat(ring.submit()).isEqualTo(-Errno.EBUSY.number());
        assertThat(ring.prepared()).isEqualTo(2);
        List<Long> back = new ArrayList<>();
        ring.withdraw(-Errno.EIO.number(), (number, error) -> back.add(number));
        assertThat(back).containsExactly(6L, 5L);
        assertThat(ring.prepared()).isZero();
        prepare(ring, IoUring.WRITEV, file, 7);
        finish(ring);
        assertThat(ended.keySet()).containsExactly(0L, 1L, 2L, 3L, 4L, 7L);
        assertThat(syscalls.fileContents("/file")[7 * BLOCK]).isEqualTo((byte) 8);
        assertThat(syscalls.fileContents("/file")[5 * BLOCK]).isZero();
      }
      syscalls.requireNothingOpen();
    }
  }
}
