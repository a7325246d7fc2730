package javelin.devices.virtio.blk;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.blk.nbd.FakeNbdServer;
import javelin.devices.virtio.blk.nbd.NbdDisk;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.IoUring;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many requests at a time on a file of this host, in each way in which they can be done. */
@Timeout(60)
@OnBothLayouts
class AsyncDiskTest {
  private static final int SIZE = 256;
  private static final int REQUESTS = 32;

  /** Each request has a part of the disk, and of RAM, of its own. */
  private static final int PART = 16 << 10;

  private static final int LENGTH = REQUESTS * PART;
  private static final long HEADERS = 0x8_0000;
  private static final long STATUSES = 0x9_0000;
  private static final long DATA = 0x10_0000;
  private static final int ROUNDS = 12;

  @TempDir Path folder;
  private final Linux linux = Linux.system();
  private final GuestMemory memory = new GuestMemory();
  private final GuestRam ram = GuestRam.create(linux, RamConfig.of(4 << 20), memory);
  private ModelRing ring;
  private QueueRunner runner;

  @AfterEach
  void unmap() {
    ram.close();
  }

  /** A way in which requests are done. */
  private interface Way {
    /** Opens the disk in {@code file}. */
    BlockBackend open(Linux linux, Path file) throws Exception;
  }

  /** By the host's kernel, on a file. */
  private record FileWay(RawDisk.Aio aio, boolean isDirect) implements Way {
    @Override
    public BlockBackend open(Linux linux, Path file) {
      assumeTrue(aio != RawDisk.Aio.URING || IoUring.isAvailable(linux), "no io_uring here");
      int flags = Linux.O_RDWR | (isDirect ? Linux.O_DIRECT : 0);
      try {
        return new RawDisk(linux.open(file.toString(), flags), false, isDirect, aio);
      } catch (ErrnoException e) {
        assumeTrue(false, "no direct I/O here: " + e.getMessage());
        throw e;
      }
    }
  }

  /** By a server, which takes so much data in a request, and has those commands. */
  private record NbdWay(int mostData, int flags) implements Way {
    @Override
    public BlockBackend open(Linux linux, Path file) throws Exception {
      FakeNbdServer server = new FakeNbdServer(file).flags(flags).mostData(mostData).start();
      return new ServedDisk(
          NbdDisk.open(
              linux,
              server.address(),
              false,
              1,
              line -> {
                throw new AssertionError(line);
              }),
          server);
    }
  }

  static Stream<Way> ways() {
    Stream<Way> files =
        Arrays.stream(RawDisk.Aio.values())
            .flatMap(aio -> Stream.of(new FileWay(aio, false), new FileWay(aio, true)));
    return Stream.concat(
        files,
        Stream.of(
            new NbdWay(32 << 20, FakeNbdServer.ALL), new NbdWay(4096, 1 | FakeNbdServer.FLUSH)));
  }

  private final class Transport implements VirtioTransport, QueueRunner.Owner {
    @Override
    public void kick(int index) {
      runner.kick();
    }

    @Override
    public void serve(int index) {}

    @Override
    public void configChanged() {}

    @Override
    public EventFd event(int index) {
      return runner.event();
    }

    @Override
    public void report(String problem) {
      throw new AssertionError(problem);
    }

    @Override
    public boolean isServing() {
      return true;
    }

    @Override
    public void interrupt(int index) {}

    @Override
    public void broken(int index, String problem) {
      throw new AssertionError(problem);
    }
  }

  @FunctionalInterface
  private interface Body {
    void run() throws Exception;
  }

  private void withDisk(Path file, Way way, Body body) throws Exception {
    noLeaks(
        () -> {
          try (EventLoop loop = new EventLoop(linux, "disk test");
              VirtioBlk device = new VirtioBlk(way.open(linux, file), "", 1)) {
            device.negotiated(VirtioBlk.FLUSH);
            Transport transport = new Transport();
            try (QueueRunner running =
                new QueueRunner(0, device.handler(0, transport), transport, loop)) {
              runner = running;
              start();
              body.run();
            }
          }
        });
  }

  private void start() {
    ring = ModelRing.of(memory, 0x1_0000, SIZE);
    runner.start(RingLayout.current().queue(memory, ring, false, false));
  }

  private static long data(int number) {
    return DATA + 2L * PART * number;
  }

  /** Sends request {@code number}, whose data is in two buffers, the first of {@code split}. */
  private void send(int number, int type, int shift, int split, int bytes) {
    long header = HEADERS + 16L * number;
    memory.writeU32(header, type);
    memory.writeU64(header + 8, (long) number * PART / 512);
    memory.writeU8(STATUSES + number, BlkDriver.NO_STATUS);
    long at = data(number) + shift;
    int readable = type == BlkDriver.OUT ? 3 : 1;
    ring.send(readable, header, 16, at, split, at + split, bytes - split, STATUSES + number, 1);
  }

  private void await(int count) {
    runner.kick();
    while (ring.usedIndex() != (count & 0xffff)) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < REQUESTS; i++) {
      assertThat(memory.readU8(STATUSES + i)).as("status of %d", i).isEqualTo(BlkDriver.OK);
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldKeepEachOfManyRequestsApart(Way way) throws Exception {
    byte[] contents = new byte[LENGTH];
    SplittableRandom random = new SplittableRandom(way.hashCode());
    random.nextBytes(contents);
    Path file = Files.write(folder.resolve("disk.img"), contents);
    withDisk(
        file,
        way,
        () -> {
          for (int round = 1; round <= ROUNDS; round++) {
            int[] kinds = new int[REQUESTS];
            int[] shifts = new int[REQUESTS];
            int bytes = PART >> random.nextInt(3);
            for (int i = 0; i < REQUESTS; i++) {
              kinds[i] = random.nextInt(2);
              // Every other one is not aligned, in address or in the lengths of its buffers.
              shifts[i] = random.nextBoolean() ? 0 : random.nextInt(512);
              int split = random.nextBoolean() ? 512 : 1 + random.nextInt(bytes - 1);
              if (kinds[i] == BlkDriver.OUT) {
                byte[] fresh = new byte[bytes];
                random.nextBytes(fresh);
                System.arraycopy(fresh, 0, contents, i * PART, bytes);
                memory.write(data(i) + shifts[i], fresh);
              }
              send(i, kinds[i], shifts[i], split, bytes);
            }
            await(round * REQUESTS);
            for (int i = 0; i < REQUESTS; i++) {
              byte[] found = new byte[bytes];
              memory.read(data(i) + shifts[i], found, 0, bytes);
              assertThat(found)
                  .as("round %d, request %d, type %d", round, i, kinds[i])
                  .isEqualTo(Arrays.copyOfRange(contents, i * PART, i * PART + bytes));
            }
          }
        });
    assertThat(Files.readAllBytes(file)).isEqualTo(contents);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldLeaveGuestRamAloneOnceStopped(Way way) throws Exception {
    byte[] ones = new byte[LENGTH];
    Arrays.fill(ones, (byte) 0x11);
    Path file = Files.write(folder.resolve("disk.img"), ones);
    SplittableRandom random = new SplittableRandom(7);
    withDisk(
        file,
        way,
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < REQUESTS; i++) {
              send(i, BlkDriver.IN, i & 1, 512, PART);
            }
            runner.kick();
            for (int spin = random.nextInt(50_000); spin > 0; spin--) {
              Thread.onSpinWait();
            }
            runner.stop();
            int used = ring.usedIndex();
            memory.fill(DATA, 2L * REQUESTS * PART, 0);
            runner.kick();
            Thread.sleep(2);
            assertThat(ring.usedIndex()).isEqualTo(used);
            for (int i = 0; i < REQUESTS; i++) {
              assertThat(memory.readU64(data(i) + 8)).as("request %d", i).isZero();
            }
            start();
          }
        });
  }

  @ParameterizedTest
  @MethodSource("ways")
  void shouldFlushAndZeroAmongOthers(Way way) throws Exception {
    byte[] contents = new byte[LENGTH];
    Arrays.fill(contents, (byte) 0x22);
    Path file = Files.write(folder.resolve("disk.img"), contents);
    withDisk(
        file,
        way,
        () -> {
          for (int i = 0; i < REQUESTS; i++) {
            long header = HEADERS + 16L * i;
            memory.writeU64(header + 8, 0);
            memory.writeU8(STATUSES + i, BlkDriver.NO_STATUS);
            if (i % 2 == 0) {
              memory.writeU32(header, BlkDriver.FLUSH);
              ring.send(1, header, 16, STATUSES + i, 1);
            } else {
              memory.writeU32(header, BlkDriver.WRITE_ZEROES);
              memory.writeU64(data(i), (long) i * PART / 512);
              memory.writeU32(data(i) + 8, PART / 512);
              memory.writeU32(data(i) + 12, i % 4 == 1 ? 1 : 0);
              ring.send(2, header, 16, data(i), 16, STATUSES + i, 1);
              Arrays.fill(contents, i * PART, (i + 1) * PART, (byte) 0);
            }
          }
          await(REQUESTS);
        });
    assertThat(Files.readAllBytes(file)).isEqualTo(contents);
  }
}
