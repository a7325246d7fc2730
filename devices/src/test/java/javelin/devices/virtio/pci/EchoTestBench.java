package javelin.devices.virtio.pci;

import static org.assertj.core.api.Assertions.assertThat;

import javelin.devices.virtio.bench.EchoDevice;
import javelin.devices.virtio.bench.ModelDriver;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.OnBothLayouts;
import javelin.devices.virtio.bench.VirtioBench;
import org.junit.jupiter.api.AfterEach;

/** An echoing device of two queues as a function, and its driver. */
@OnBothLayouts
abstract class EchoTestBench {
  static final int COMMON = ModelDriver.COMMON;
  static final long REPLY = 0x10_1000;
  static final long MESSAGES = 0xfee0_0000L;
  static final int NO_VECTOR = 0xffff;

  private static final long REQUEST = 0x10_0000;

  final EchoDevice device = new EchoDevice(2);
  final VirtioBench bench = new VirtioBench(machine -> device);
  final ModelDriver driver = bench.driver();

  @AfterEach
  void close() {
    bench.close();
    assertThat(device.isClosed).isTrue();
  }

  /** Sends 8 bytes, which are to come back at {@link #REPLY}. */
  void request(ModelRing ring, long value) {
    bench.memory.writeU64(REQUEST, value);
    ring.send(1, REQUEST, 8, REPLY, 8);
  }
}
