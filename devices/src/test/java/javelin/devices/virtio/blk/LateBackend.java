package javelin.devices.virtio.blk;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Supplier;
import javelin.vmm.linux.EventFd;

/** A disk that does nothing, and ends its requests when it is told to, the latest first. */
final class LateBackend implements BlockBackend {
  private final List<BlockRequest> waiting = new ArrayList<>();
  private final Queue<BlockRequest> done = new ArrayDeque<>();
  private Supplier<EventFd> wake;
  private int drains;

  @Override
  public long length() {
    return 1 << 20;
  }

  @Override
  public int logicalBlock() {
    return 512;
  }

  @Override
  public int physicalBlock() {
    return 512;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public Channel channel(Supplier<EventFd> waker) {
    wake = waker;
    return new Channel() {
      @Override
      public void submit(BlockRequest request) {
        synchronized (LateBackend.this) {
          waiting.add(request);
        }
      }

      @Override
      public void collect() {
        synchronized (LateBackend.this) {
          while (!done.isEmpty()) {
            done.remove().finish(0);
          }
        }
      }

      @Override
      public void drain() {
        synchronized (LateBackend.this) {
          drains++;
          done.addAll(waiting);
          waiting.clear();
          collect();
        }
      }
    };
  }

  /** Requests that wait. */
  synchronized int waiting() {
    return waiting.size();
  }

  /** How often all of them had to be ended. */
  synchronized int drains() {
    return drains;
  }

  /** Ends the latest {@code count} requests. */
  void end(int count) {
    synchronized (this) {
      for (int i = 0; i < count; i++) {
        done.add(waiting.remove(waiting.size() - 1));
      }
    }
    wake.get().signal();
  }

  @Override
  public void close() {}
}
