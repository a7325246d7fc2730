package javelin.passthrough.model.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class NvmeModelTest {
  private static final int WRITE = 1;
  private static final int READ = 2;
  private static final int IDENTIFY = 6;
  private static final long DATA = NvmeBench.DATA;
  private static final long BACK = NvmeBench.DATA + 0x4_0000;
  private static final long LIST = 0x8000;

  private NvmeBench bench;

  @TempDir Path folder;

  @BeforeEach
  void open() throws Exception {
    bench = new NvmeBench(folder);
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private byte[] bytes(long address, int length) {
    byte[] bytes = new byte[length];
    bench.memory.read(address, bytes, 0, length);
    return bytes;
  }

  private byte[] fill(long address, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(length).nextBytes(bytes);
    bench.memory.write(address, bytes);
    return bytes;
  }

  @Test
  void shouldBeReadyWhenItIsEnabledWell() {
    assertThat(bench.register(8)).isEqualTo(0x1_0400);
    assertThat(bench.model.read(0, 0, 8) & 0xffff).isEqualTo(1023);
    assertThat(bench.register(0x1c)).isZero();
    assertThat(bench.enable()).isEqualTo(1);
    bench.register(0x14, 0);
    assertThat(bench.register(0x1c)).isZero();
    bench.register(0x24, 0);
    bench.register(0x14, 1);
    assertThat(bench.register(0x1c)).as("queues of one entry").isEqualTo(2);
    bench.register(0x14, 0);
    bench.register(0x24, 0x70007);
    bench.register(0x14, 1 << 7 | 1);
    assertThat(bench.register(0x1c)).as("pages of 8 KiB").isEqualTo(2);
  }

  @Test
  void shouldIdentifyItself() {
    bench.enable();
    assertThat(bench.admin(IDENTIFY, 0, DATA, 0, 1)).isZero();
    assertThat(new String(bytes(DATA + 4, 60), StandardCharsets.US_ASCII))
        .isEqualTo(String.format("%-20s%-40s", "serial", "Javelin NVMe"));
    assertThat(bench.memory.readU32(DATA + 516)).as("namespaces").isEqualTo(1);
    assertThat(bench.admin(IDENTIFY, 1, DATA, 0, 0)).isZero();
    assertThat(bench.memory.readU64(DATA)).isEqualTo(NvmeBench.BLOCKS);
    assertThat(bench.admin(IDENTIFY, 0, DATA, 0, 2)).isZero();
    assertThat(bench.memory.readU64(DATA)).isEqualTo(1);
    assertThat(bench.admin(IDENTIFY, 2, DATA, 0, 0)).isEqualTo(Status.INVALID_NAMESPACE);
    assertThat(bench.admin(IDENTIFY, 0, DATA, 0, 0x80)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.messages).hasSize(5).containsOnly(0);
  }

  @Test
  void shouldMoveDataThroughOnePageTwoAndLists() {
    bench.ready();
    for (int blocks : new int[] {1, 7, 8, 9, 16, 17, 24, 255, 256}) {
      int length = blocks * 512;
      byte[] sent = fill(DATA, length);
      // Pages in the opposite order, so that each is where its entry says.
      for (int i = 0; i < 32; i++) {
        bench.memory.writeU64(LIST + 8L * i, DATA + 4096L * (i + 1));
        bench.memory.writeU64(LIST + 0x1000 + 8L * i, BACK + 0x2_0000 - 4096L * (i + 1));
      }
      boolean hasList = length > 8192;
      assertThat(bench.io(WRITE, DATA, hasList ? LIST : DATA + 4096, 3, blocks)).isZero();
      long second = BACK + 0x2_0000 - 4096;
      assertThat(bench.io(READ, BACK + 0x2_0000, hasList ? LIST + 0x1000 : second, 3, blocks))
          .isZero();
      byte[] back = new byte[length];
      for (int at = 0; at < length; at += 4096) {
        bench.memory.read(BACK + 0x2_0000 - at, back, at, Math.min(4096, length - at));
      }
      assertThat(back).as("%d blocks", blocks).isEqualTo(sent);
    }
    assertThat(bench.messages).containsOnly(1);
  }

  @Test
  void shouldFollowAListFromTheEndOfItsPage() {
    bench.ready();
    byte[] sent = fill(DATA + 512, 16 * 512);
    // The first page is used from 512 on, so the data ends in a third one.
    bench.memory.writeU64(LIST + 4096 - 8, LIST + 4096);
    bench.memory.writeU64(LIST + 4096, DATA + 4096);
    bench.memory.writeU64(LIST + 4096 + 8, DATA + 8192);
    assertThat(bench.io(WRITE, DATA + 512, LIST + 4096 - 8, 0, 16)).isZero();
    for (int i = 0; i < 2; i++) {
      assertThat(bench.io(READ, BACK + 4096L * i, 0, 8L * i, 8)).isZero();
    }
    assertThat(bytes(BACK, sent.length)).isEqualTo(sent);
    bench.memory.writeU64(LIST + 4096 - 8, LIST + 4096 - 8);
    assertThat(bench.io(WRITE, DATA + 512, LIST + 4096 - 8, 0, 16))
        .as("a list that leads to itself")
        .isEqualTo(Status.INVALID_PRP_OFFSET);
  }

  @Test
  void shouldRefuseWhatCannotBe() {
    bench.ready();
    assertThat(bench.io(READ, DATA, 0, NvmeBench.BLOCKS - 1, 1)).isZero();
    assertThat(bench.io(READ, DATA, 0, NvmeBench.BLOCKS, 1)).isEqualTo(Status.LBA_OUT_OF_RANGE);
    assertThat(bench.io(READ, DATA, DATA, NvmeBench.BLOCKS - 1, 2))
        .isEqualTo(Status.LBA_OUT_OF_RANGE);
    assertThat(bench.io(READ, DATA, 0, -1, 1)).isEqualTo(Status.LBA_OUT_OF_RANGE);
    assertThat(bench.io(READ, DATA, LIST, 0, 257)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.io(READ, DATA + 1, 0, 0, 1)).isEqualTo(Status.INVALID_PRP_OFFSET);
    assertThat(bench.io(READ, DATA, DATA + 8, 0, 16)).isEqualTo(Status.INVALID_PRP_OFFSET);
    assertThat(bench.io(READ, DATA, LIST + 4, 0, 24)).isEqualTo(Status.INVALID_PRP_OFFSET);
    assertThat(bench.io(READ, NvmeBench.RAM, 0, 0, 1)).isEqualTo(Status.DATA_TRANSFER_ERROR);
    assertThat(bench.io(WRITE, -4096, 0, 0, 8)).isEqualTo(Status.DATA_TRANSFER_ERROR);
    assertThat(bench.io(0x7f, DATA, 0, 0, 1)).isEqualTo(Status.INVALID_OPCODE);
    assertThat(bench.command(1, READ, 2, DATA, 0, 0, 0, 0)).isEqualTo(Status.INVALID_NAMESPACE);
    assertThat(bench.command(1, READ | 0x4000, 1, DATA, 0, 0, 0, 0))
        .as("SGLs")
        .isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(0x7f, 0, 0, 0)).isEqualTo(Status.INVALID_OPCODE);
    assertThat(bench.io(READ, DATA, 0, 0, 1)).isZero();
  }

  @Test
  void shouldRefuseQueuesThatCannotBe() {
    bench.ready();
    assertThat(bench.admin(5, 0, 0x5000, 0, 7 << 16 | 1, 3)).isEqualTo(0x101);
    assertThat(bench.admin(5, 0, 0x5000, 0, 7 << 16, 3)).isEqualTo(0x101);
    assertThat(bench.admin(5, 0, 0x5000, 0, 7 << 16 | 9, 3)).isEqualTo(0x101);
    assertThat(bench.admin(5, 0, 0x5000, 0, 2, 3)).isEqualTo(Status.INVALID_QUEUE_SIZE);
    assertThat(bench.admin(5, 0, 0x5000, 0, 1024 << 16 | 2, 3))
        .isEqualTo(Status.INVALID_QUEUE_SIZE);
    assertThat(bench.admin(5, 0, 0x5000, 0, 7 << 16 | 2, 2)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(5, 0, 0x5008, 0, 7 << 16 | 2, 3)).isEqualTo(0x13);
    assertThat(bench.admin(5, 0, 0x5000, 0, 7 << 16 | 2, 9 << 16 | 3)).isEqualTo(0x108);
    assertThat(bench.admin(1, 0, 0x5000, 0, 7 << 16 | 2, 2 << 16 | 1)).isEqualTo(0x100);
    assertThat(bench.admin(1, 0, 0x5000, 0, 7 << 16 | 1, 1 << 16 | 1)).isEqualTo(0x101);
    assertThat(bench.admin(4, 0, 0, 0, 1)).isEqualTo(Status.INVALID_QUEUE_DELETION);
    assertThat(bench.admin(0, 0, 0, 0, 2)).isEqualTo(Status.INVALID_QUEUE_IDENTIFIER);
    assertThat(bench.admin(0, 0, 0, 0, 1)).isZero();
    assertThat(bench.admin(4, 0, 0, 0, 1)).isZero();
    bench.register(0x1008, 3);
    bench.register(0x1ffc, 3);
    bench.settle();
    assertThat(bench.register(0x1c)).isEqualTo(1);
  }

  @Test
  void shouldGiveBackAndZeroBlocks() {
    bench.ready();
    fill(DATA, 4096);
    assertThat(bench.io(WRITE, DATA, 0, 0, 8)).isZero();
    bench.memory.writeU64(LIST, 2L << 32);
    bench.memory.writeU64(LIST + 8, 1);
    assertThat(bench.command(1, 9, 1, LIST, 0, 0, 4)).isZero();
    assertThat(bench.command(1, 8, 1, 0, 0, 5, 0, 1)).isZero();
    assertThat(bench.io(READ, BACK, 0, 0, 8)).isZero();
    byte[] back = bytes(BACK, 4096);
    byte[] sent = bytes(DATA, 4096);
    for (int block : new int[] {1, 2, 5, 6}) {
      Arrays.fill(sent, block * 512, (block + 1) * 512, (byte) 0);
    }
    assertThat(back).isEqualTo(sent);
    bench.memory.writeU64(LIST + 8, NvmeBench.BLOCKS - 1);
    assertThat(bench.command(1, 9, 1, LIST, 0, 0, 4)).isEqualTo(Status.LBA_OUT_OF_RANGE);
    assertThat(bench.command(1, 8, 1, 0, 0, NvmeBench.BLOCKS - 1, 0, 1))
        .isEqualTo(Status.LBA_OUT_OF_RANGE);
    assertThat(bench.command(1, 0, -1, 0, 0)).as("flush").isZero();
  }

  @Test
  void shouldKeepFeaturesAndLogs() {
    bench.enable();
    assertThat(bench.admin(9, 0, 0, 0, 7, 0x3f_003f)).isZero();
    assertThat(bench.result(0)).isEqualTo(0x7_0007);
    assertThat(bench.admin(9, 0, 0, 0, 7, 0xffff)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(9, 0, 0, 0, 0x0b, 0x1ff)).isZero();
    assertThat(bench.admin(10, 0, 0, 0, 0x0b)).isZero();
    assertThat(bench.result(0)).isEqualTo(0x1ff);
    assertThat(bench.admin(10, 0, 0, 0, 0x0c)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(10, 0, 0, 0, 6)).isZero();
    assertThat(bench.result(0)).isEqualTo(1);
    assertThat(bench.admin(2, -1, DATA, 0, 127 << 16 | 2)).isZero();
    assertThat(bench.memory.readU16(DATA + 1)).isEqualTo(313);
    assertThat(bench.admin(2, -1, DATA, 0, 2, 0, 4)).isZero();
    assertThat(bench.admin(2, -1, DATA, 0, 0xffff << 16 | 2, 0xffff))
        .isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(2, -1, DATA, 0, 2, 0, 0, -1)).isEqualTo(Status.INVALID_FIELD);
    assertThat(bench.admin(2, -1, DATA, 0, 0x70)).isEqualTo(Status.INVALID_LOG_PAGE);
    for (int i = 0; i < AdminCommands.MOST_EVENTS; i++) {
      assertThat(bench.admin(0x0c, 0, 0, 0)).as("waits").isEqualTo(-1);
    }
    assertThat(bench.admin(0x0c, 0, 0, 0)).isEqualTo(Status.TOO_MANY_EVENT_REQUESTS);
  }

  @Test
  void shouldHoldThePinUntilTheCompletionsAreTaken() {
    bench.isMsix = false;
    bench.enable();
    bench.submit(0, IDENTIFY, 0, DATA, 0, 1);
    bench.submit(0, IDENTIFY, 0, DATA, 0, 1);
    bench.ring(0);
    assertThat(bench.pin).isFalse();
    bench.settle();
    assertThat(bench.pin).isTrue();
    bench.register(0x0c, 1);
    assertThat(bench.pin).as("masked").isFalse();
    bench.register(0x10, 1);
    assertThat(bench.pin).isTrue();
    assertThat(bench.complete(0)).isZero();
    assertThat(bench.pin).isTrue();
    assertThat(bench.complete(0)).isZero();
    assertThat(bench.pin).isFalse();
    assertThat(bench.messages).isEmpty();
  }

  @Test
  void shouldWaitWhileThereIsNoRoomForCompletions() {
    bench.ready();
    for (int round = 0; round < 5; round++) {
      int taken = 0;
      for (int i = 0; i < NvmeBench.ENTRIES - 1; i++) {
        bench.submit(1, READ, 1, DATA, 0, 0, 0, 0);
      }
      bench.ring(1);
      bench.settle();
      for (int status = bench.complete(1); status >= 0; status = bench.complete(1)) {
        assertThat(status).isZero();
        taken++;
        bench.settle();
      }
      assertThat(taken).isEqualTo(NvmeBench.ENTRIES - 1);
    }
  }

  @Test
  void shouldForgetItsQueuesWhenItIsReset() {
    bench.ready();
    bench.submit(1, READ, 1, DATA, 0, 0, 0, 0);
    bench.ring(1);
    bench.model.reset();
    bench.settle();
    assertThat(bench.complete(1)).isEqualTo(-1);
    assertThat(bench.register(0x14)).isZero();
    assertThat(bench.register(0x1c)).isZero();
    bench.register(0x14, 1 << 14);
    assertThat(bench.register(0x1c) & 0xc).as("shut down").isEqualTo(8);
  }

  /** Commands and registers of a driver that knows nothing. */
  @Test
  void shouldSurviveADriverThatWritesAnything() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    try {
      for (int round = 0; round < 200; round++) {
        bench.model.reset();
        bench.enable();
        for (int i = 0; i < 100; i++) {
          wild(random);
        }
      }
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private void wild(SplittableRandom random) {
    int size = 1 << random.nextInt(4);
    switch (random.nextInt(6)) {
      case 0 -> bench.model.write(0, random.nextInt(0x4000), size, random.nextLong());
      case 1 -> bench.model.read(0, random.nextInt(0x4000), size);
      case 2 -> bench.register(0x1000 + 4 * random.nextInt(20), random.nextInt(12));
      case 3 -> bench.step();
      default -> {
        long at = 0x1000 + 64L * random.nextInt(NvmeBench.ENTRIES);
        bench.memory.writeU64(at, random.nextInt(16) | 1L << 32);
        bench.memory.writeU64(at + 24, random.nextLong() & 0x1f_fff8);
        bench.memory.writeU64(at + 32, random.nextLong() & 0x1f_fff8);
        for (int i = 40; i < 64; i += 4) {
          bench.memory.writeU32(
              at + i, random.nextBoolean() ? random.nextInt(4) : random.nextInt());
        }
      }
    }
  }
}
