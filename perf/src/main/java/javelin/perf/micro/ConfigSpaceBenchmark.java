package javelin.perf.micro;

import javelin.devices.pci.PciBus;
import javelin.devices.pci.PciHost;
import javelin.vmm.bus.IoHandler;
import javelin.vmm.bus.IoSpace;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;

/** The guest's way to the configuration space of a function that Javelin emulates. */
public class ConfigSpaceBenchmark extends MicroBenchmark {
  private static final long ECAM = 0xe000_0000L;
  private static final int ENABLE = 0x8000_0000;
  private static final int DATA_PORT = PciHost.CONFIG_PORT + 4;
  private static final int COMMAND = 4;

  private final IoSpace ports = IoSpace.ports();
  private final IoSpace mmio = IoSpace.mmio();

  private static final class NoReset implements IoHandler {
    @Override
    public long read(long offset, int size) {
      return 0;
    }

    @Override
    public void write(long offset, int size, long value) {}
  }

  /** A bus with the host bridge. */
  @Setup
  public void attach() {
    new PciHost(new PciBus(), new NoReset()).attach(ports, mmio, ECAM, 1);
  }

  /** 32 bits by the pair of ports, two accesses. */
  @Benchmark
  public long readByPorts() {
    ports.write(PciHost.CONFIG_PORT, Integer.BYTES, ENABLE);
    return ports.read(DATA_PORT, Integer.BYTES);
  }

  /** 32 bits by the ECAM, one access. */
  @Benchmark
  public long readByEcam() {
    return mmio.read(ECAM, Integer.BYTES);
  }

  /** The command register, by the ECAM. */
  @Benchmark
  public void writeByEcam() {
    mmio.write(ECAM + COMMAND, Short.BYTES, 0);
  }
}
