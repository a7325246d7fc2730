package javelin.devices.virtio.vhostuser;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.SplitVirtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.event.UnixListener;
import javelin.vmm.linux.DescriptorSocket;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Resources;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.RamRegion;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A back end on an event loop of its own: it maps the memory that it is told of, and echoes what is
 * readable in a request to what is writable, by the eventfds that it gets. One front end at a time.
 */
final class FakeBackEnd implements AutoCloseable {
  static final long PROTOCOL = 1L << 30;
  static final long VERSION_1 = 1L << 32;

  private static final int MOST = 600;

  private static final class Queue {
    int size;
    long descriptors;
    long available;
    long used;
    int base;
    boolean isEnabled;
    Fd kick;
    Fd call;
    Fd error;
    EventLoop.Watch watch;
    SplitVirtqueue ring;
  }

  private final Linux linux = Linux.system();
  private final Resources owned = new Resources();
  private final EventLoop loop;
  private final UnsafeBuffer bytes = NativeMemory.allocate(MOST);
  private final UnsafeBuffer one = NativeMemory.allocate(8);
  private final UnsafeBuffer data = NativeMemory.allocate(4096);
  private final Map<Integer, Queue> queues = new TreeMap<>();

  /** Of each region: process address of the front end, and what it is here. */
  private final Map<Long, RamRegion> regions = new TreeMap<>();

  private GuestMemory memory = new GuestMemory();
  private final List<Mapping> mappings = new ArrayList<>();
  private DescriptorSocket client;
  private EventLoop.Watch clientWatch;

  /** What it has and does. */
  volatile long features = VERSION_1 | PROTOCOL | 1L << 29;

  volatile long protocolFeatures = 1 | 1 << 3;
  volatile int queueNumber = 4;
  volatile byte[] config;
  final Set<Request> refused = Collections.synchronizedSet(EnumSet.noneOf(Request.class));
  final Set<Request> unanswered = Collections.synchronizedSet(EnumSet.noneOf(Request.class));

  /** What it was told: the requests in order, and the features. */
  final List<Request> told = Collections.synchronizedList(new ArrayList<>());

  final Map<String, Long> accepted = new ConcurrentHashMap<>();

  FakeBackEnd(String path) {
    loop = owned.own(new EventLoop(linux, "fake back end"));
    owned.own(new UnixListener(loop, path, this::connected));
    one.putLong(0, 1);
  }

  private void connected(Fd newClient) {
    forget();
    client = new DescriptorSocket(newClient);
    clientWatch = loop.watch(newClient, EventLoop.READABLE, events -> receive());
  }

  private void forget() {
    queues.values().forEach(this::close);
    queues.clear();
    unmap();
    if (client != null) {
      clientWatch.close();
      client.close();
      client = null;
    }
  }

  private void close(Queue queue) {
    if (queue.watch != null) {
      queue.watch.close();
    }
    for (Fd fd : new Fd[] {queue.kick, queue.call, queue.error}) {
      if (fd != null) {
        fd.close();
      }
    }
  }

  private void unmap() {
    mappings.forEach(Mapping::close);
    mappings.clear();
    regions.clear();
    memory = new GuestMemory();
  }

  /** Hangs up, as if it had died. */
  void die() {
    loop.execute(this::forget);
  }

  /** Signals that a queue is not as it should be. */
  void fail(int queue) {
    loop.execute(() -> signal(queues.get(queue).error));
  }

  private void signal(Fd fd) {
    linux.syscalls().write(fd.number(), one.addressOffset(), 8);
  }

  private void receive() {
    List<Fd> fds = new ArrayList<>();
    if (client.receive(bytes.addressOffset(), 12, fds::add) != 12) {
      fds.forEach(Fd::close);
      forget();
      return;
    }
    int length = bytes.getInt(8);
    if (length > 0) {
      client.receive(bytes.addressOffset() + 12, length, fds::add);
    }
    handle(bytes.getInt(0), bytes.getInt(4), length, fds);
  }

  private void handle(int code, int flags, int length, List<Fd> fds) {
    Request request =
        EnumSet.allOf(Request.class).stream()
            .filter(candidate -> candidate.code() == code)
            .findFirst()
            .orElseThrow();
    told.add(request);
    if ((flags & 3) != 1 || (flags & 4) != 0) {
      throw new AssertionError("flags " + flags);
    }
    if (unanswered.contains(request)) {
      return;
    }
    boolean isAnswered = answer(request, length, fds);
    if (!isAnswered && (flags & 8) != 0) {
      reply(code, 8, refused.contains(request) ? 1 : 0);
    }
  }

  private void reply(int code, int length, long value) {
    bytes.putLong(12, value);
    reply(code, length);
  }

  private void reply(int code, int length) {
    bytes.putInt(0, code);
    bytes.putInt(4, 1 | 4);
    bytes.putInt(8, length);
    client.send(bytes.addressOffset(), 12 + length, List.of());
  }

  private Queue queue(int index) {
    return queues.computeIfAbsent(index, key -> new Queue());
  }

  /** Does what it is asked for; returns whether it has answered. */
  private boolean answer(Request request, int length, List<Fd> fds) {
    int code = request.code();
    int index = bytes.getInt(12) & 0xff;
    int value = bytes.getInt(16);
    switch (request) {
      case GET_FEATURES -> reply(code, 8, features);
      case GET_PROTOCOL_FEATURES -> reply(code, 8, protocolFeatures);
      case GET_QUEUE_NUM -> reply(code, 8, queueNumber);
      case GET_VRING_BASE -> {
        Queue queue = queue(index);
        queue.watch.close();
        queue.watch = null;
        bytes.putInt(16, queue.base);
        reply(code, 8);
      }
      case GET_CONFIG -> {
        if (config == null) {
          bytes.putInt(16, 0);
          reply(code, 12);
        } else {
          bytes.putInt(16, config.length);
          bytes.putBytes(24, config);
          reply(code, 12 + config.length);
        }
      }
      default -> {
        set(request, index, value, length, fds);
        return false;
      }
    }
    return true;
  }

  private void set(Request request, int index, int value, int length, List<Fd> fds) {
    switch (request) {
      case SET_FEATURES, SET_PROTOCOL_FEATURES -> accepted.put(request.name(), bytes.getLong(12));
      case SET_MEM_TABLE -> map(fds);
      case SET_VRING_NUM -> queue(index).size = value;
      case SET_VRING_BASE -> queue(index).base = value;
      case SET_VRING_ADDR -> {
        Queue queue = queue(index);
        queue.descriptors = guest(bytes.getLong(20));
        queue.used = guest(bytes.getLong(28));
        queue.available = guest(bytes.getLong(36));
      }
      case SET_VRING_KICK -> {
        queue(index).kick = fds.get(0);
        start(queue(index));
      }
      case SET_VRING_CALL -> queue(index).call = fds.get(0);
      case SET_VRING_ERR -> queue(index).error = fds.get(0);
      case SET_VRING_ENABLE -> {
        queue(index).isEnabled = value == 1;
        serve(queue(index));
      }
      default -> {
        if (length != 0) {
          throw new AssertionError(request + " of " + length + " bytes");
        }
      }
    }
  }

  private void map(List<Fd> fds) {
    unmap();
    for (int i = 0; i < bytes.getInt(12); i++) {
      int at = 20 + 32 * i;
      long size = bytes.getLong(at + 8);
      Mapping mapping =
          linux.map(
              fds.get(i),
              bytes.getLong(at + 24),
              size,
              Linux.PROT_READ | Linux.PROT_WRITE,
              Linux.MAP_SHARED);
      mappings.add(mapping);
      fds.get(i).close();
      regions.put(bytes.getLong(at + 16), memory.add(bytes.getLong(at), size, mapping.address()));
    }
  }

  /** Number of regions of guest RAM that it knows; of requests that were answered. */
  int regions() {
    return regions.size();
  }

  private long guest(long address) {
    for (Map.Entry<Long, RamRegion> entry : regions.entrySet()) {
      long offset = address - entry.getKey();
      if (offset >= 0 && offset < entry.getValue().length()) {
        return entry.getValue().guestAddress() + offset;
      }
    }
    throw new AssertionError("an address outside the memory that it was told of");
  }

  private void start(Queue queue) {
    if (queue.base == 0) {
      queue.ring =
          new SplitVirtqueue(
              memory,
              new RingAddresses(queue.size, queue.descriptors, queue.available, queue.used),
              true,
              (accepted.get("SET_FEATURES") & 1L << 29) != 0);
    }
    queue.isEnabled = (accepted.get("SET_FEATURES") & PROTOCOL) == 0;
    queue.watch =
        loop.watch(
            queue.kick,
            EventLoop.READABLE,
            events -> {
              linux.syscalls().read(queue.kick.number(), data.addressOffset(), 8);
              serve(queue);
            });
  }

  private void serve(Queue queue) {
    if (!queue.isEnabled || queue.watch == null) {
      return;
    }
    DescriptorChain chain = new DescriptorChain(queue.size);
    do {
      while (queue.ring.next(chain)) {
        int length = chain.readable().read(data, 0, 4096);
        queue.ring.complete(chain.head(), chain.writable().write(data, 0, length));
        queue.base++;
      }
      if (queue.ring.publish()) {
        signal(queue.call);
      }
    } while (queue.ring.wantNotifications());
  }

  @Override
  public void close() {
    loop.execute(this::forget);
    owned.close();
  }
}
