package javelin.devices.virtio.vhost;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.FakeSyscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel's vhost-net behind a {@link FakeSyscalls} (uapi linux/vhost.h): it keeps what it is
 * told, and refuses what the kernel does.
 */
final class FakeVhost {
  static final long FEATURES = 1L << 32 | 1L << 28 | 1L << 29 | 1L << 15 | 1L << 26 | 1L << 27;

  private static final long STOPPED = -1;

  /** What it knows of a queue. */
  static final class Ring {
    int size;
    int base;
    long descriptors;
    long available;
    long used;
    int kick = -1;
    int call = -1;
    int error = -1;
    long backend = STOPPED;

    boolean isRunning() {
      return backend != STOPPED;
    }
  }

  /** What it knows of a descriptor. */
  static final class Device {
    final Ring[] rings = {new Ring(), new Ring()};
    long features;

    /** Guest-physical address, size and process address of each region, in turn. */
    List<Long> memory = List.of();
  }

  private final Map<Integer, Device> byFd = new TreeMap<>();
  private final Map<Long, Errno> refusals = new HashMap<>();
  private final List<Device> opened = new ArrayList<>();
  private final long features;

  /** Answers vhost's requests to {@code syscalls}; it can do {@code features}. */
  FakeVhost(FakeSyscalls syscalls, long features) {
    this.features = features;
    syscalls.file("/dev/vhost-net", new byte[0]);
    on(syscalls, 0xaf01L, this::own);
    on(syscalls, 0x8008_af00L, (fd, at) -> put(at, features));
    on(syscalls, 0x4008_af00L, this::accept);
    on(syscalls, 0x4008_af03L, this::memory);
    on(syscalls, 0x4008_af10L, (fd, at) -> stopped(fd, at, (ring, value) -> ring.size = value));
    on(syscalls, 0x4008_af12L, (fd, at) -> stopped(fd, at, (ring, value) -> ring.base = value));
    on(syscalls, 0xc008_af12L, this::base);
    on(syscalls, 0x4028_af11L, this::addresses);
    on(syscalls, 0x4008_af20L, (fd, at) -> any(fd, at, (ring, value) -> ring.kick = value));
    on(syscalls, 0x4008_af21L, (fd, at) -> any(fd, at, (ring, value) -> ring.call = value));
    on(syscalls, 0x4008_af22L, (fd, at) -> any(fd, at, (ring, value) -> ring.error = value));
    on(syscalls, 0x4008_af30L, (fd, at) -> any(fd, at, (ring, value) -> ring.backend = value));
  }

  @FunctionalInterface
  private interface Request {
    long answer(int fd, long argument);
  }

  @FunctionalInterface
  private interface Change {
    void apply(Ring ring, int value);
  }

  private void on(FakeSyscalls syscalls, long number, Request request) {
    syscalls.onIoctl(
        number,
        (fd, at) -> {
          Errno refusal = refusals.remove(number);
          boolean isOwned = number == 0xaf01L || byFd.containsKey(fd);
          return refusal != null
              ? -refusal.number()
              : isOwned ? request.answer(fd, at) : -Errno.EPERM.number();
        });
  }

  /** The next request of that number is refused. */
  void refuse(VhostIoctl request, Errno errno) {
    refusals.put(request.number(), errno);
  }

  /** What was opened, in order. */
  Device device(int index) {
    return opened.get(index);
  }

  private long own(int fd, long ignored) {
    Device device = new Device();
    byFd.put(fd, device);
    opened.add(device);
    return 0;
  }

  private static long put(long at, long value) {
    new UnsafeBuffer(at, Long.BYTES).putLong(0, value);
    return 0;
  }

  private long accept(int fd, long at) {
    long accepted = new UnsafeBuffer(at, Long.BYTES).getLong(0);
    byFd.get(fd).features = accepted;
    return (accepted & ~features) == 0 ? 0 : -Errno.EOPNOTSUPP.number();
  }

  private long memory(int fd, long at) {
    int count = new UnsafeBuffer(at, 8).getInt(0);
    UnsafeBuffer table = new UnsafeBuffer(at + 8, 32 * count);
    List<Long> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      for (int field = 0; field < 3; field++) {
        found.add(table.getLong(32 * i + 8 * field));
      }
    }
    byFd.get(fd).memory = found;
    return 0;
  }

  private Ring ring(int fd, UnsafeBuffer state) {
    return byFd.get(fd).rings[state.getInt(0)];
  }

  private long stopped(int fd, long at, Change change) {
    boolean isRunning = ring(fd, new UnsafeBuffer(at, 8)).isRunning();
    return isRunning ? -Errno.EBUSY.number() : any(fd, at, change);
  }

  private long any(int fd, long at, Change change) {
    UnsafeBuffer state = new UnsafeBuffer(at, 8);
    change.apply(ring(fd, state), state.getInt(4));
    return 0;
  }

  private long base(int fd, long at) {
    UnsafeBuffer state = new UnsafeBuffer(at, 8);
    state.putInt(4, ring(fd, state).base);
    return 0;
  }

  private long addresses(int fd, long at) {
    UnsafeBuffer state = new UnsafeBuffer(at, 40);
    Ring ring = ring(fd, state);
    ring.descriptors = state.getLong(8);
    ring.used = state.getLong(16);
    ring.available = state.getLong(24);
    return 0;
  }
}
