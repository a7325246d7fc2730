package javelin.passthrough.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javelin.passthrough.model.BusMemory;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.EduModel;
import javelin.passthrough.model.ModelDevice;
import javelin.passthrough.model.ModelDeviceTest;
import javelin.passthrough.model.MsixModel;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NoLeaks;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import org.junit.jupiter.api.Test;

/** Faults around a device of any back end; while none is due, it is the device that it was. */
final class FaultyDeviceTest extends ModelDeviceTest {
  private static final int IDENTIFICATION = 0x0100_00ed;
  private static final int RAISE = 0x60;
  private static final int SEND = 8;

  private interface Body {
    void run(VfioDevice device, Resources owned) throws Exception;
  }

  private static void with(DeviceModel model, String fault, Body body) throws Exception {
    NoLeaks.noLeaks(
        () -> {
          try (Resources owned = new Resources()) {
            VfioDevice device =
                faulty(Linux.system(), model, new GuestMemory(), owned, Fault.parse(fault));
            device.write(VfioRegion.CONFIG, 4, 2, 7);
            body.run(device, owned);
          }
        });
  }

  private static VfioDevice faulty(
      Linux linux, DeviceModel model, GuestMemory memory, Resources owned, Fault... faults) {
    EventLoop loop = owned.own(new EventLoop(linux, "models"));
    VfioDevice device =
        owned.own(new ModelDevice(linux, "0000:01:00.0", model, loop, BusMemory.of(memory)));
    return owned.own(new FaultyDevice(linux, device, Arrays.asList(faults), loop));
  }

  @Override
  protected VfioDevice device(Linux linux, DeviceModel model, GuestMemory memory, Resources owned) {
    return faulty(
        linux, model, memory, owned, Fault.parse("fail-reset:99"), Fault.parse("vanish:9999"));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("awaited in vain").isLessThan(deadline);
      Thread.sleep(1);
    }
  }

  @Test
  void shouldLoseOneInterruptOfThree() throws Exception {
    with(
        new MsixModel(false),
        "drop-irq:2",
        (device, owned) -> {
          EventFd first = owned.own(Linux.system().eventFd());
          EventFd last = owned.own(Linux.system().eventFd());
          device.trigger(VfioIrq.MSIX, 0, Arrays.asList(first, null, last));
          device.write(2, SEND, 4, 2);
          await(() -> last.drain() == 1);
          device.write(2, SEND, 4, 0);
          device.write(2, SEND, 4, 1);
          device.write(2, SEND, 4, 2);
          await(() -> last.drain() == 1);
          assertThat(first.drain()).isZero();
          device.trigger(VfioIrq.MSIX, 0, Arrays.asList((EventFd) null));
          device.write(2, SEND, 4, 0);
          device.disable(VfioIrq.MSIX);
          device.write(2, SEND, 4, 2);
          Thread.sleep(20);
          assertThat(first.drain() + last.drain()).isZero();
        });
  }

  @Test
  void shouldVanishAndTellOnce() throws Exception {
    with(
        new EduModel(true),
        "vanish:2",
        (device, owned) -> {
          AtomicInteger gone = new AtomicInteger();
          device.whenGone(gone::incrementAndGet);
          EventFd event = owned.own(Linux.system().eventFd());
          device.trigger(VfioIrq.MSI, 0, List.of(event));
          assertThat(device.read(0, 0, 4)).isEqualTo(IDENTIFICATION);
          assertThat(device.read(0, 0, 4)).isEqualTo(0xffff_ffffL);
          assertThat(device.read(VfioRegion.CONFIG, 0, 2)).isEqualTo(0xffff);
          device.write(0, RAISE, 4, 1);
          device.disable(VfioIrq.MSI);
          device.reset();
          assertThat(event.drain()).isZero();
          assertThat(gone).hasValue(1);
        });
  }

  @Test
  void shouldReadOnesFailAResetAndRaiseThePin() throws Exception {
    with(
        new EduModel(true),
        "all-ones",
        (device, owned) -> {
          assertThat(device.read(0, 0, 2)).isEqualTo(0xffff);
          assertThat(device.read(VfioRegion.CONFIG, 0, 2)).isEqualTo(0x1234);
        });
    with(
        new EduModel(true),
        "fail-reset",
        (device, owned) -> {
          assertThatThrownBy(device::reset)
              .hasMessage("reset 0000:01:00.0: EIO (input/output error)");
          device.reset();
        });
    with(
        new EduModel(true),
        "spurious-intx",
        (device, owned) -> {
          EventFd event = owned.own(Linux.system().eventFd());
          device.trigger(VfioIrq.INTX, 0, List.of(event));
          device.read(0, 0, 4);
          assertThat(event.drain()).isEqualTo(1);
          assertThat(device.read(0, 0x24, 4)).isZero();
        });
    with(
        new MsixModel(false),
        "fail-map",
        (device, owned) -> {
          assertThatThrownBy(() -> device.map(0, 0, 4096)).hasMessageContaining("ENOMEM");
          device.map(0, 0, 4096).close();
        });
  }
}
