package javelin.passthrough.vfiouser;

import static javelin.passthrough.vfiouser.VfioUserBench.await;
import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.vfio.VfioDoorbell;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the socket adds to a device: sizes, many descriptors, DMA by messages, a server that ends.
 */
@Timeout(60)
final class VfioUserTest {
  private static final int SCRATCH = 4;
  private static final int SEND = 8;

  private interface Body {
    void run(VfioUserBench bench) throws Exception;
  }

  private static void with(DeviceModel model, Body body) throws Exception {
    noLeaks(
        () -> {
          try (VfioUserBench bench = new VfioUserBench(model)) {
            body.run(bench);
            assertThat(bench.said).isEmpty();
          }
        });
  }

  @Test
  void shouldTellOfRegionsInterruptsAndReset() throws Exception {
    with(
        new MsixModel(true),
        bench -> {
          assertThat(bench.device.canReset()).isTrue();
          assertThat(bench.device.region(0).size()).isEqualTo(1 << 20);
          assertThat(bench.device.region(0).areas())
              .containsExactly(new VfioRegion.Area(0, 1 << 20));
          assertThat(bench.device.region(1).isPresent()).isFalse();
          assertThat(bench.device.region(2).areas()).isEmpty();
          assertThat(bench.device.region(VfioRegion.CONFIG).size()).isEqualTo(4096);
          assertThat(bench.device.irq(VfioIrq.INTX).count()).isEqualTo(1);
          assertThat(bench.device.irq(VfioIrq.MSI).isPresent()).isFalse();
          assertThat(bench.device.irq(VfioIrq.MSIX).count()).isEqualTo(MsixModel.VECTORS);
          assertThat(bench.device.irq(VfioIrq.MSIX).isFixedWhileOn()).isTrue();
          assertThat(bench.device.irq(VfioIrq.REQUEST).isPresent()).isFalse();
        });
    with(new EduModel(), bench -> assertThat(bench.device.canReset()).isFalse());
  }

  @Test
  void shouldReadAndWriteRegistersOfAllSizes() throws Exception {
    with(
        new EduModel(),
        bench -> {
          assertThat(bench.config(0, 4)).isEqualTo(0x11e8_1234L);
          assertThat(bench.config(2, 2)).isEqualTo(0x11e8);
          assertThat(bench.config(1, 1)).isEqualTo(0x12);
          assertThat(bench.register(0, 0)).isEqualTo(0x0100_00ed);
          bench.device.write(0, 0x80, 8, 0x0123_4567_89ab_cdefL);
          assertThat(bench.device.read(0, 0x80, 8)).isEqualTo(0x0123_4567_89ab_cdefL);
          bench.register(0, SCRATCH, 0x1234);
          assertThat(bench.register(0, SCRATCH)).isEqualTo(~0x1234);
        });
  }

  @Test
  void shouldReadOnesAndDropWritesBeyondRegions() throws Exception {
    with(
        new EduModel(),
        bench -> {
          bench.device.write(0, 1 << 20, 4, 1);
          bench.device.write(3, 0, 4, 1);
          assertThat(bench.device.read(0, (1 << 20) - 2, 4)).isEqualTo(0xffff_ffffL);
          assertThat(bench.device.read(0, -4, 2)).isEqualTo(0xffff);
          assertThat(bench.device.read(3, 0, 1)).isEqualTo(0xff);
        });
  }

  @Test
  void shouldSetUpMoreVectorsThanOneMessageCarriesDescriptors() throws Exception {
    with(
        new MsixModel(true),
        bench -> {
          List<EventFd> events = new ArrayList<>();
          for (int i = 0; i < MsixModel.VECTORS; i++) {
            events.add(i % 40 == 39 ? null : bench.event());
          }
          bench.device.trigger(VfioIrq.MSIX, 0, events);
          for (int vector = 0; vector < MsixModel.VECTORS; vector++) {
            bench.register(2, SEND, vector);
          }
          for (EventFd event : events) {
            if (event != null) {
              assertThat(event.drain()).isEqualTo(1);
            }
          }
          bench.device.trigger(VfioIrq.MSIX, 3, Collections.singletonList(null));
          bench.register(2, SEND, 3);
          assertThat(events.get(3).drain()).isZero();
          bench.device.disable(VfioIrq.MSIX);
          bench.device.trigger(VfioIrq.INTX, 0, List.of(events.get(0)));
          assertThatThrownBy(() -> bench.device.trigger(VfioIrq.MSIX, 0, events.subList(0, 1)))
              .isInstanceOf(ErrnoException.class)
              .hasMessage("VFIO_USER_DEVICE_SET_IRQS trigger user:test: EINVAL (invalid argument)");
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldMoveBytesByDmaThroughTheFileOrByMessages(boolean givesFile) throws Exception {
    noLeaks(
        () -> {
          try (VfioUserBench bench = new VfioUserBench(new EduModel(), givesFile)) {
            byte[] sent = {1, 2, 3, 4, 5, 6, 7, 8};
            byte[] back = new byte[sent.length];
            bench.memory.write(0x1000, sent);
            dma(bench, 0x1000, 0x4_0000, sent.length, 1);
            dma(bench, 0x4_0000, 0x2000, sent.length, 3);
            bench.memory.read(0x2000, back, 0, back.length);
            assertThat(back).isEqualTo(sent);
            dma(bench, 1L << 40, 0x4_0000, 4096, 1);
            dma(bench, 0x4_0000, -8, 4096, 3);
            dma(bench, 0x4_0000, (2 << 20) - 8, 16, 3);
            assertThat(bench.register(0, 0)).isEqualTo(0x0100_00ed);
            assertThat(bench.said).isEmpty();
          }
        });
  }

  private static void dma(VfioUserBench bench, long source, long target, long count, int command)
      throws InterruptedException {
    bench.device.write(0, 0x80, 8, source);
    bench.device.write(0, 0x88, 8, target);
    bench.device.write(0, 0x90, 8, count);
    bench.device.write(0, 0x98, 8, command);
    await(() -> (bench.register(0, 0x98) & 1) == 0);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void shouldServeADeviceOfFiftyLines(boolean givesFile) throws Exception {
    noLeaks(
        () -> {
          try (VfioUserBench bench = new VfioUserBench(new ChecksumModel(), givesFile)) {
            // More than one message may carry.
            byte[] bytes = new byte[200_000];
            new SplittableRandom(1).nextBytes(bytes);
            CRC32 crc = new CRC32();
            crc.update(bytes);
            EventFd event = bench.event();
            bench.memory.write(0x1001, bytes);
            bench.device.trigger(VfioIrq.MSI, 0, List.of(event));
            bench.device.write(0, 0, 8, 0x1001);
            bench.register(0, 8, bytes.length);
            await(() -> event.drain() == 1);
            assertThat(bench.register(0, 0x10)).isEqualTo((int) crc.getValue());
          }
        });
  }

  @Test
  void shouldHearDoorbellsInTheOrderOfOtherAccesses() throws Exception {
    with(
        new MsixModel(true),
        bench -> {
          List<VfioDoorbell> bells = bench.device.doorbells(2);
          assertThat(bells)
              .extracting(VfioDoorbell::offset, VfioDoorbell::length, VfioDoorbell::isMatched)
              .containsExactly(tuple(0x10L, 4, false), tuple(0x14L, 4, true));
          assertThat(bells.get(1).match()).isEqualTo(0x5249_4e47L);
          assertThat(bench.device.doorbells(0)).isEmpty();
          assertThat(bench.device.doorbells(4)).hasSize(1);
          for (int i = 1; i <= 50; i++) {
            bells.get(0).event().signal();
            bells.get(1).event().signal();
            bells.get(1).event().signal();
            assertThat(bench.register(2, 0x18)).isEqualTo(i);
            assertThat(bench.register(2, 0x1c)).isEqualTo(2 * i);
          }
          bench.register(2, 0x14, 0x5249_4e47L);
          bench.register(2, 0x14, 1);
          bench.register(2, 0x10, 1);
          assertThat(bench.register(2, 0x18)).isEqualTo(51);
          assertThat(bench.register(2, 0x1c)).isEqualTo(101);
          bench.device.doorbells(4).get(0).event().signal();
          bench.register(4, 4, 1);
          assertThat(bench.register(2, 0x18)).isEqualTo(53);
          bench.device.reset();
          assertThat(bench.register(2, 0x18)).isZero();
          bells.get(0).event().signal();
          await(() -> bench.register(2, 0x18) == 1);
          bench.config(VfioUserBench.COMMAND, 2, 0);
          bells.get(0).event().signal();
          bench.config(VfioUserBench.COMMAND, 2, VfioUserBench.DECODE_AND_MASTER);
          assertThat(bench.register(2, 0x18)).as("a BAR that is not decoded").isEqualTo(1);
        });
    with(new EduModel(), bench -> assertThat(bench.device.doorbells(0)).isEmpty());
  }

  @Test
  void shouldAllocateNothingForAnAccess() throws Exception {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    with(
        new EduModel(),
        bench -> {
          access(bench);
          long before = threads.getCurrentThreadAllocatedBytes();
          access(bench);
          assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4096);
        });
  }

  private static void access(VfioUserBench bench) {
    for (int i = 0; i < 2_000; i++) {
      bench.device.write(0, SCRATCH, 4, i);
      assertTrue(bench.device.read(0, SCRATCH, 4) == (~i & 0xffff_ffffL));
    }
  }

  private static void assertTrue(boolean isTrue) {
    if (!isTrue) {
      throw new AssertionError();
    }
  }

  @Test
  void shouldTellOnceThatTheServerIsGoneAndReadOnesFromThen() throws Exception {
    noLeaks(
        () -> {
          try (VfioUserBench bench = new VfioUserBench(new EduModel())) {
            AtomicInteger gone = new AtomicInteger();
            bench.device.whenGone(gone::incrementAndGet);
            EventFd event = bench.event();
            bench.device.trigger(VfioIrq.INTX, 0, List.of(event));
            bench.server.close();
            await(() -> gone.get() == 1);
            assertThat(bench.register(0, 0)).isEqualTo(-1);
            assertThat(bench.config(0, 2)).isEqualTo(0xffff);
            bench.register(0, SCRATCH, 1);
            bench.device.unmask();
            bench.device.disable(VfioIrq.INTX);
            bench.device.reset();
            assertThat(bench.said)
                .containsExactly(
                    "user:test is gone: its server has closed the connection; the guest reads all"
                        + " ones of it from now on");
            assertThat(gone).hasValue(1);
          }
        });
  }
}
