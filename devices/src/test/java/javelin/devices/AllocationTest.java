package javelin.devices;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import javelin.devices.console.NullBackend;
import javelin.devices.legacy.AcpiPm;
import javelin.devices.legacy.CmosRtc;
import javelin.devices.legacy.DeviceClock;
import javelin.devices.legacy.I8042;
import javelin.devices.legacy.PcTestDevice;
import javelin.devices.legacy.PostPort;
import javelin.devices.legacy.ResetControl;
import javelin.devices.legacy.SerialPort;
import javelin.devices.pci.PciBus;
import javelin.devices.pci.PciHost;
import javelin.vmm.bus.IoRange;
import javelin.vmm.bus.IoSpace;
import javelin.vmm.event.EventLoop;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.PowerControl;
import org.junit.jupiter.api.Test;

/** The exit path allocates nothing, whatever device the guest talks to. */
class AllocationTest {
  private static final int ROUNDS = 20_000;

  /**
   * What the measurement itself and the compiler's hand-over may cost, far below one per access.
   */
  private static final long NOISE_BYTES = 4096;

  private static final class Quiet implements IrqLine, PowerControl {
    @Override
    public void set(boolean active) {}

    @Override
    public void powerOff() {}

    @Override
    public void reset(String cause) {}

    @Override
    public void exit(int code) {}
  }

  @Test
  void shouldAllocateNothingWhenTheGuestAccessesDevices() {
    Quiet quiet = new Quiet();
    IoSpace ports = IoSpace.ports();
    IoSpace mmio = IoSpace.mmio();
    try (EventLoop loop = new EventLoop(Linux.system(), "allocation test")) {
      DeviceClock clock = DeviceClock.of(loop);
      new SerialPort(quiet, new NullBackend()).attach(ports, 0x3f8);
      new PostPort().attach(ports, 0x80);
      new I8042(quiet, quiet, quiet).attach(ports, 0x60, 0x64);
      new PcTestDevice(gsi -> quiet).attach(ports, mmio);
      new PciHost(new PciBus(), new ResetControl(quiet)).attach(ports, mmio, 0xe000_0000L, 256);
      try (CmosRtc rtc = new CmosRtc(quiet, clock, 1 << 30, 0);
          AcpiPm pm = new AcpiPm(quiet, quiet, clock)) {
        rtc.attach(ports, 0x70);
        pm.attach(ports, 0x600, 0x604, 0x608, 0x620);
        for (IoSpace space : List.of(ports, mmio)) {
          for (IoRange range : space.ranges()) {
            access(space, range); // Loads classes and compiles.
            assertThat(allocated(space, range)).as(range.name()).isLessThan(NOISE_BYTES);
          }
        }
      }
    }
  }

  private static long allocated(IoSpace space, IoRange range) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    access(space, range);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static void access(IoSpace space, IoRange range) {
    SplittableRandom random = new SplittableRandom(range.base());
    long length = range.length();
    for (int i = 0; i < ROUNDS; i++) {
      int size = 1 << random.nextInt((int) Math.min(3, length));
      long address = range.base() + random.nextLong(length - Math.min(size, length) + 1);
      if (random.nextBoolean()) {
        space.write(address, size, random.nextLong() & (1L << (8 * size)) - 1);
      } else {
        space.read(address, size);
      }
    }
  }
}
