package javelin.devices.virtio.vsock;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.EventFd;
import javelin.vmm.memory.GuestMemory;

/**
 * A socket device whose queues are served step by step: everything happens on its loop's thread,
 * each step between two looks of the loop at the sockets.
 */
final class VsockFuzzBench implements VirtioTransport, AutoCloseable {
  static final int SIZE = 8;
  static final long TABLE = 0x3_0000;
  private static final long[] RINGS = {0x1_0000, 0x2_0000};
  private static final int MOST_SERVED = 4 * SIZE;
  private static final int MOST_ROUNDS = 8;
  private static final long STEP_SECONDS = 20;

  private final GuestMemory memory;
  private final VirtioVsock device;
  private final QueueHandler[] handlers = new QueueHandler[RINGS.length];
  private final Virtqueue[] queues = new Virtqueue[RINGS.length];
  private final EventFd turn;
  private final EventLoop.Watch watch;
  private final AtomicReference<Runnable> next = new AtomicReference<>();
  private final AtomicInteger kicked = new AtomicInteger();
  final ModelRing[] rings = new ModelRing[RINGS.length];

  VsockFuzzBench(GuestMemory memory, EventLoop loop, String path) {
    this.memory = memory;
    turn = loop.linux().eventFd();
    watch = loop.watch(turn.fd(), EventLoop.READABLE, events -> takeTurn());
    device = new VirtioVsock(loop, VsockBench.CID, path);
    for (int i = 0; i < handlers.length; i++) {
      handlers[i] = device.handler(i, this);
    }
  }

  /** What the guest or a program of the host's does. */
  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  /**
   * Takes a step, and has the device deal with it; what the sockets had to say before comes first.
   */
  void step(Step step) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    next.set(
        () -> {
          try {
            step.run();
            serveKicked();
            done.complete(null);
          } catch (Throwable e) {
            done.completeExceptionally(e);
          }
        });
    turn.signal();
    try {
      done.get(STEP_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("a step fails", e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      throw new AssertionError("the loop does not go on", e);
    }
  }

  /** Not a task of the loop's: of those it may run many without a look at the sockets. */
  private void takeTurn() {
    turn.drain();
    next.get().run();
  }

  /** Starts the queues, or starts them again. */
  void start(RingLayout layout, boolean hasIndirect, boolean hasEventIndex) {
    stop();
    device.reset();
    for (int i = 0; i < queues.length; i++) {
      rings[i] = layout.ring(memory, RINGS[i], SIZE);
      queues[i] = layout.queue(memory, rings[i], hasIndirect, hasEventIndex);
    }
  }

  private void stop() {
    for (int i = 0; i < queues.length; i++) {
      if (queues[i] != null) {
        handlers[i].drain(queues[i]);
        queues[i] = null;
      }
    }
  }

  private void serveKicked() {
    for (int i = 0; i < MOST_ROUNDS && kicked.get() != 0; i++) {
      int these = kicked.getAndSet(0);
      for (int index = 0; index < queues.length; index++) {
        if ((these >>> index & 1) != 0) {
          serve(index);
        }
      }
    }
  }

  /** As the queue's runner does, but for requests without an end. */
  @Override
  public void serve(int index) {
    QueueHandler handler = handlers[index];
    Virtqueue queue = queues[index];
    if (queue == null) {
      handler.rest();
      return;
    }
    handler.collect(queue);
    queue.suppressNotifications();
    DescriptorChain chain = handler.free();
    for (int i = 0; i < MOST_SERVED && chain != null && queue.next(chain); i++) {
      handler.handle(chain, queue);
      chain = handler.free();
    }
    handler.commit(queue);
    queue.publish();
    queue.wantNotifications();
    if (queue.problem() != null) {
      if (queue.problem().contains("Javelin itself")) {
        throw new AssertionError(queue.problem());
      }
      stop();
    }
  }

  @Override
  public void kick(int index) {
    kicked.getAndUpdate(before -> before | 1 << index);
  }

  @Override
  public void configChanged() {}

  @Override
  public EventFd event(int index) {
    throw new AssertionError("nobody else signals a queue");
  }

  /** Of a connection that the host refuses. */
  @Override
  public void report(String problem) {}

  @Override
  public void close() {
    step(
        () -> {
          stop();
          device.close();
          watch.close();
        });
    turn.close();
  }
}
