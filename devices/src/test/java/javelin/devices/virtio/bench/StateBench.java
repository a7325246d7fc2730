package javelin.devices.virtio.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import javelin.devices.virtio.QueueRegister;
import javelin.devices.virtio.VirtioFeature;
import javelin.devices.virtio.VirtioInterrupts;
import javelin.devices.virtio.VirtioKind;
import javelin.devices.virtio.VirtioState;
import javelin.devices.virtio.VirtioStatus;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;

/** A device with a driver on the host's own kernel, and without a transport. */
public final class StateBench implements AutoCloseable {
  /** Bytes of guest RAM; what is above {@link #BUFFERS} is the test's. */
  public static final int RAM = 4 << 20;

  public static final long BUFFERS = 0x10_0000;

  private static final long RINGS = 0x1_0000;
  private static final long ALL = -1;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** Leaves the CPU to the device's thread for a moment. */
  private static final long PAUSE_NANOS = 10_000;

  private final Resources owned = new Resources();
  public final Linux linux = Linux.system();
  public final GuestMemory memory = new GuestMemory();
  public final EventLoop loop;
  public final VirtioState state;
  public final List<ModelRing> rings = new ArrayList<>();

  /** What went wrong with the device. */
  public final List<String> problems = Collections.synchronizedList(new ArrayList<>());

  /** Interrupts of queues that came through the device's process. */
  public final AtomicInteger interrupts = new AtomicInteger();

  /** What raises the interrupt of each queue; null where the device's process does. */
  public volatile EventFd direct;

  private final class Interrupts implements VirtioInterrupts {
    @Override
    public void queue(int index) {
      interrupts.incrementAndGet();
    }

    @Override
    public EventFd event(int index) {
      return direct;
    }

    @Override
    public void config() {}
  }

  /**
   * A machine with the device that {@code maker} makes.
   *
   * @param name of the event loop's thread
   */
  public StateBench(String name, Function<StateBench, VirtioKind> maker) {
    owned.own(GuestRam.create(linux, RamConfig.of(RAM), memory));
    loop = owned.own(new EventLoop(linux, name));
    try {
      VirtioKind device = maker.apply(this);
      state =
          owned.own(
              new VirtioState(device, memory, queue -> loop, new Interrupts(), problems::add));
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
    state.mayAccessMemory(true);
  }

  /** Negotiates, and enables all queues with {@code size} entries each. */
  public void start(long features, int size) {
    int status = VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER;
    state.status(status);
    state.accept(features | VirtioFeature.VERSION_1 | RingLayout.current().feature());
    state.status(status | VirtioStatus.FEATURES_OK);
    rings.clear();
    long base = RINGS;
    for (int i = 0; i < state.queues(); i++) {
      ModelRing ring = ModelRing.of(memory, base, size);
      rings.add(ring);
      base = ring.end();
      state.write(i, QueueRegister.SIZE, size, ALL);
      state.write(i, QueueRegister.DESCRIPTORS, ring.descriptors(), ALL);
      state.write(i, QueueRegister.DRIVER, ring.available(), ALL);
      state.write(i, QueueRegister.DEVICE, ring.used(), ALL);
      state.enable(i);
    }
    state.status(status | VirtioStatus.FEATURES_OK | VirtioStatus.DRIVER_OK);
  }

  /** Whether the device needs a reset. */
  public boolean needsReset() {
    return (state.status() & VirtioStatus.NEEDS_RESET) != 0;
  }

  /** Waits for {@code condition}. */
  public void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("this does not come: " + problems);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  @Override
  public void close() {
    owned.close();
  }
}
