package javelin.passthrough.model;

import static javelin.vmm.linux.NoLeaks.noLeaks;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The models answer as vfio-pci does; what is asked of it here is in vfio_pci_config.c and kin. */
@Timeout(60)
public class ModelDeviceTest {
  private static final int COMMAND = 4;
  private static final int STATUS = 6;
  private static final int BAR_0 = 0x10;
  private static final int DECODE_AND_MASTER = 7;
  private static final int DECODE = 3;
  private static final int INTX_DISABLE = 0x400;
  private static final int RAISE = 0x60;
  private static final int ACKNOWLEDGE = 0x64;
  private static final int SCRATCH = 4;
  private static final int SEND = 8;

  private final Linux linux = Linux.system();

  /** A device with 2 MiB of memory for its DMA, and eventfds for its interrupts. */
  private final class Bench implements AutoCloseable {
    final Resources owned = new Resources();
    final GuestMemory memory = new GuestMemory();
    final VfioDevice device;

    Bench(DeviceModel model) {
      owned.own(GuestRam.create(linux, RamConfig.of(2 << 20), memory));
      device = device(linux, model, memory, owned);
      config(COMMAND, 2, DECODE_AND_MASTER);
    }

    EventFd event() {
      return owned.own(linux.eventFd());
    }

    long config(int offset, int size) {
      return device.read(VfioRegion.CONFIG, offset, size);
    }

    void config(int offset, int size, long value) {
      device.write(VfioRegion.CONFIG, offset, size, value);
    }

    int register(int bar, long offset) {
      return (int) device.read(bar, offset, 4);
    }

    void register(int bar, long offset, long value) {
      device.write(bar, offset, 4, value);
    }

    @Override
    public void close() {
      owned.close();
    }
  }

  /**
   * The device that is tested.
   *
   * @param owned closes it, and what it needs
   */
  protected VfioDevice device(
      Linux system, DeviceModel model, GuestMemory memory, Resources owned) {
    EventLoop loop = owned.own(new EventLoop(system, "models"));
    return owned.own(new ModelDevice(system, "0000:01:00.0", model, loop, BusMemory.of(memory)));
  }

  private interface Body {
    void run(Bench bench) throws Exception;
  }

  private void with(DeviceModel model, Body body) throws Exception {
    noLeaks(
        () -> {
          try (Bench bench = new Bench(model)) {
            body.run(bench);
          }
        });
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("awaited in vain").isLessThan(deadline);
      Thread.sleep(1);
    }
  }

  @Test
  void shouldSizeBarsAndKeepReadOnlyFields() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          bench.config(BAR_0, 4, -1);
          bench.config(BAR_0 + 4, 4, -1);
          bench.config(0, 4, -1);
          assertThat(bench.config(BAR_0, 4)).isEqualTo(0xfff0_000cL);
          assertThat(bench.config(BAR_0 + 4, 4)).isEqualTo(0xffff_ffffL);
          assertThat(bench.config(0, 4)).isEqualTo(0x4a58_1234L);
          assertThat(bench.device.region(1).isPresent()).isFalse();
        });
  }

  @Test
  void shouldAnswerWithAllOnesWhenNotDecodedOrAsleep() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          int powerControl = 0x44;
          bench.register(2, SCRATCH, 0x1234);
          bench.config(COMMAND, 2, 0);
          assertThat(bench.register(2, 0)).isEqualTo(-1);
          assertThat(bench.register(4, 0)).isEqualTo(-1);
          assertThat(bench.register(0, 0)).isEqualTo(-1);
          bench.register(2, SCRATCH, 0x5678);
          bench.config(COMMAND, 2, DECODE);
          bench.config(powerControl, 2, 3);
          assertThat(bench.register(2, 0)).isEqualTo(-1);
          bench.config(powerControl, 2, 0);
          assertThat(bench.register(2, SCRATCH)).isEqualTo(0x1234);
          assertThat(bench.register(4, 0)).isEqualTo(0x1234);
        });
  }

  @Test
  void shouldKeepTheMsixTableForTheHost() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          bench.register(2, 0x1000, 0x1234);
          assertThat(bench.register(2, 0x1000)).isEqualTo(-1);
          assertThat(bench.register(2, 0x14fc)).isEqualTo(-1);
          bench.register(2, 0x1ff0, 0x1234);
          assertThat(bench.register(2, 0x1ff0)).isEqualTo(0x1234);
        });
  }

  @Test
  void shouldShareMappedMemoryWithItsMappings() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          try (Mapping mapping = bench.device.map(0, 4096, 4096)) {
            UnsafeBuffer view = new UnsafeBuffer(mapping.address(), 4096);
            view.putInt(8, 0x1234_5678);
            assertThat(bench.register(0, 4096 + 8)).isEqualTo(0x1234_5678);
            bench.register(0, 4096 + 8, 0x5555);
            assertThat(view.getInt(8)).isEqualTo(0x5555);
          }
          assertThatThrownBy(() -> bench.device.map(2, 0, 4096)).isInstanceOf(ErrnoException.class);
        });
  }

  @Test
  void shouldResetByFlrAndByVfioAndKeepTheConfiguration() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          bench.register(2, SCRATCH, 1);
          bench.config(0x54 + 8, 2, 0x8000);
          assertThat(bench.register(2, SCRATCH)).isZero();
          assertThat(bench.config(0x54 + 8, 2)).isZero();
          bench.register(2, SCRATCH, 1);
          bench.device.reset();
          assertThat(bench.register(2, SCRATCH)).isZero();
          assertThat(bench.config(COMMAND, 2)).isEqualTo(DECODE_AND_MASTER);
        });
    with(
        new EduModel(),
        bench -> assertThatThrownBy(bench.device::reset).hasMessageContaining("EINVAL"));
  }

  @Test
  void shouldMaskIntxWhenItFiresAndFireAgainWhenUnmaskedWhileAsserted() throws Exception {
    with(
        new EduModel(),
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.INTX, 0, List.of(event));
          bench.register(0, RAISE, 1);
          bench.register(0, RAISE, 2);
          assertThat(event.drain()).isEqualTo(1);
          assertThat(bench.config(STATUS, 2) & 8).isEqualTo(8);
          bench.device.unmask();
          assertThat(event.drain()).isEqualTo(1);
          bench.register(0, ACKNOWLEDGE, 3);
          bench.device.unmask();
          assertThat(event.drain()).isZero();
          assertThat(bench.config(STATUS, 2) & 8).isZero();
        });
  }

  @Test
  void shouldUnmaskIntxByEventUntilItIsDisabled() throws Exception {
    with(
        new EduModel(),
        bench -> {
          EventFd event = bench.event();
          EventFd resample = bench.event();
          bench.device.trigger(VfioIrq.INTX, 0, List.of(event));
          bench.device.unmaskBy(resample);
          bench.register(0, RAISE, 1);
          assertThat(event.drain()).isEqualTo(1);
          resample.signal();
          await(() -> event.drain() == 1);
          bench.device.disable(VfioIrq.INTX);
          resample.signal();
          Thread.sleep(20);
          assertThat(event.drain()).isZero();
          assertThat(resample.drain()).isEqualTo(1);
        });
  }

  @Test
  void shouldHoldIntxBackWhileItIsDisabledInTheCommandRegister() throws Exception {
    with(
        new EduModel(),
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.INTX, 0, List.of(event));
          bench.config(COMMAND, 2, DECODE_AND_MASTER | INTX_DISABLE);
          bench.register(0, RAISE, 1);
          assertThat(event.drain()).isZero();
          bench.config(COMMAND, 2, DECODE_AND_MASTER);
          assertThat(event.drain()).isEqualTo(1);
        });
  }

  @Test
  void shouldSendMsiWithBusMasteringOnly() throws Exception {
    with(
        new EduModel(),
        bench -> {
          EventFd event = bench.event();
          bench.device.trigger(VfioIrq.MSI, 0, List.of(event));
          bench.register(0, RAISE, 1);
          bench.register(0, RAISE, 1);
          assertThat(event.drain()).isEqualTo(2);
          bench.config(COMMAND, 2, DECODE);
          bench.register(0, RAISE, 1);
          assertThat(event.drain()).isZero();
        });
  }

  @Test
  void shouldRefuseASecondKindOfInterruptAndWhatIsNotOn() throws Exception {
    with(
        new MsixModel(true),
        bench -> {
          List<EventFd> events = List.of(bench.event());
          assertThatThrownBy(() -> bench.device.trigger(VfioIrq.MSI, 0, events))
              .hasMessageContaining("EINVAL");
          assertThatThrownBy(bench.device::unmask).hasMessageContaining("EINVAL");
          bench.device.trigger(VfioIrq.MSIX, 0, events);
          assertThatThrownBy(() -> bench.device.trigger(VfioIrq.INTX, 0, events))
              .hasMessageContaining("EINVAL");
          assertThatThrownBy(() -> bench.device.trigger(VfioIrq.MSIX, 1, events))
              .as("vectors are fixed")
              .hasMessageContaining("EINVAL");
          assertThatThrownBy(() -> bench.device.disable(VfioIrq.INTX))
              .hasMessageContaining("EINVAL");
        });
  }

  @Test
  void shouldSendOnlyVectorsThatHaveAnEvent() throws Exception {
    with(
        new MsixModel(false),
        bench -> {
          EventFd first = bench.event();
          EventFd last = bench.event();
          List<EventFd> events = new ArrayList<>(Collections.nCopies(3, null));
          events.set(1, first);
          bench.device.trigger(VfioIrq.MSIX, 0, events);
          bench.device.trigger(VfioIrq.MSIX, MsixModel.VECTORS - 1, List.of(last));
          for (int vector = -1; vector <= MsixModel.VECTORS; vector++) {
            bench.register(2, SEND, vector);
          }
          assertThat(first.drain()).isEqualTo(1);
          assertThat(last.drain()).isEqualTo(1);
          bench.device.trigger(VfioIrq.MSIX, 1, Arrays.asList((EventFd) null));
          bench.register(2, SEND, 1);
          assertThat(first.drain()).isZero();
        });
  }

  @Test
  void shouldMoveBytesByDmaAndLeaveMemoryAloneWithoutBusMastering() throws Exception {
    with(
        new EduModel(),
        bench -> {
          byte[] sent = {1, 2, 3, 4, 5, 6, 7, 8};
          byte[] back = new byte[sent.length];
          bench.memory.write(0x1000, sent);
          dma(bench, 0x1000, 0x4_0000, sent.length, 1);
          dma(bench, 0x4_0000, 0x2000, sent.length, 3);
          bench.memory.read(0x2000, back, 0, back.length);
          assertThat(back).isEqualTo(sent);
          bench.config(COMMAND, 2, DECODE);
          dma(bench, 0x4_0000, 0x3000, sent.length, 3);
          bench.memory.read(0x3000, back, 0, back.length);
          assertThat(back).containsOnly(0);
        });
  }

  @Test
  void shouldSurviveDmaToNowhere() throws Exception {
    with(
        new EduModel(),
        bench -> {
          dma(bench, 1L << 40, 0x4_0000, 4096, 1);
          dma(bench, 0x4_0000, -8, 4096, 3);
          dma(bench, 0x4_0800, 0x1000, 4096, 3);
          dma(bench, 0x4_0000, 0x1000, -1, 3);
          assertThat(bench.memory.readU64(0x1000)).isZero();
        });
  }

  private static void dma(Bench bench, long source, long target, long count, int command)
      throws InterruptedException {
    bench.device.write(0, 0x80, 8, source);
    bench.device.write(0, 0x88, 8, target);
    bench.device.write(0, 0x90, 8, count);
    bench.device.write(0, 0x98, 8, command);
    await(() -> (bench.register(0, 0x98) & 1) == 0);
  }

  @Test
  void shouldComputeFactorialsAsEduDoes() throws Exception {
    with(
        new EduModel(),
        bench -> {
          assertThat(bench.register(0, 0)).isEqualTo(0x0100_00ed);
          bench.register(0, 4, 0x1234);
          assertThat(bench.register(0, 4)).isEqualTo(~0x1234);
          assertThat(bench.device.read(0, 4, 2) & 0xffff).isEqualTo(0xffff);
          bench.register(0, 8, 12);
          await(() -> (bench.register(0, 0x20) & 1) == 0);
          assertThat(bench.register(0, 8)).isEqualTo(479_001_600);
          bench.register(0, 8, 0xffff_ffffL);
          await(() -> (bench.register(0, 0x20) & 1) == 0);
          assertThat(bench.register(0, 8)).isZero();
        });
  }
}
