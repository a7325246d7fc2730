package javelin.passthrough.vfiouser;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import javelin.passthrough.faults.Fault;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioRegion;
import javelin.passthrough.vfiouser.client.VfioUserBackend;
import javelin.passthrough.vfiouser.server.VfioUserServer;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.linux.UnixSocket;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** A served model, a client that has it as its device, and 2 MiB of guest RAM. */
final class VfioUserBench implements AutoCloseable {
  static final int COMMAND = 4;
  static final int DECODE_AND_MASTER = 7;
  static final Duration PATIENCE = Duration.ofMillis(500);

  final Linux linux = Linux.system();
  final Resources owned = new Resources();
  final GuestMemory memory = new GuestMemory();
  final List<String> said = new CopyOnWriteArrayList<>();
  final VfioUserServer server;
  final VfioDevice device;

  /** With the file of guest RAM given to the server. */
  VfioUserBench(DeviceModel model, String... faults) {
    this(model, true, faults);
  }

  /**
   * As above.
   *
   * @param givesFile whether guest RAM has a file that the server may have
   */
  VfioUserBench(DeviceModel model, boolean givesFile, String... faults) {
    try {
      if (givesFile) {
        owned.own(GuestRam.create(linux, RamConfig.of(2 << 20), memory));
      } else {
        GuestMemory other = new GuestMemory();
        owned.own(GuestRam.create(linux, RamConfig.of(2 << 20), other));
        memory.add(0, 2 << 20, other.hostAddress(0, 2 << 20));
      }
      Fd[] pair = UnixSocket.pair(linux, "test");
      server =
          owned.own(
              VfioUserServer.serve(
                  linux,
                  "served",
                  pair[0],
                  model,
                  Arrays.stream(faults).map(Fault::parse).toList(),
                  said::add));
      VfioUserBackend backend = owned.own(new VfioUserBackend(linux, memory, PATIENCE, said::add));
      device = backend.add("user:test", pair[1]);
      config(COMMAND, 2, DECODE_AND_MASTER);
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
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

  static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("awaited in vain");
      }
      Thread.sleep(1);
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
