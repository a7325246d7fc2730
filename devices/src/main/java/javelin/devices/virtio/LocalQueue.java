package javelin.devices.virtio;

import javelin.devices.virtio.queue.PackedVirtqueue;
import javelin.devices.virtio.queue.QueueRunner;
import javelin.devices.virtio.queue.RingAddresses;
import javelin.devices.virtio.queue.SplitVirtqueue;
import javelin.vmm.linux.EventFd;
import javelin.vmm.memory.GuestMemory;

/** A queue that is served in this process, by a {@link QueueRunner}. */
record LocalQueue(GuestMemory memory, QueueRunner runner) implements QueueService {
  @Override
  public EventFd event() {
    return runner.event();
  }

  @Override
  public void kick() {
    runner.kick();
  }

  @Override
  public void serveNow() {
    runner.serveNow();
  }

  @Override
  public void start(RingAddresses ring, long features) {
    boolean hasIndirect = (features & VirtioFeature.INDIRECT_DESC) != 0;
    boolean hasEventIndex = (features & VirtioFeature.EVENT_IDX) != 0;
    runner.start(
        (features & VirtioFeature.RING_PACKED) != 0
            ? new PackedVirtqueue(memory, ring, hasIndirect, hasEventIndex)
            : new SplitVirtqueue(memory, ring, hasIndirect, hasEventIndex));
  }

  @Override
  public void stop() {
    runner.stop();
  }

  @Override
  public void pause() {
    runner.pause();
  }

  @Override
  public void resume() {
    runner.kick();
  }

  @Override
  public void close() {
    runner.close();
  }
}
