package javelin.devices.virtio.blk;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.PackedModelRing;
import javelin.devices.virtio.bench.RingLayout;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Linux;
import javelin.vmm.memory.GuestMemory;
import javelin.vmm.memory.GuestRam;
import javelin.vmm.memory.RamConfig;
import org.junit.jupiter.api.Tag;

/**
 * A driver of a disk that does whatever the input says (Jazzer). In the build, the inputs kept are
 * run once each; with JAZZER_FUZZ=1 in the environment, new ones are looked for by coverage.
 *
 * <p>An input is: features (1 byte: 1 indirect descriptors, 2 event index, 4 flushes, 8 packed
 * ring), chains made available (1), their heads (8), then 8 descriptors of the ring and 8 of an
 * indirect table (u32 address, u32 length, u8 flags, u8 next each), then what is at {@link
 * #HEADERS}. Of a packed ring, the second byte is the driver's event flags, the next eight say of
 * each descriptor whether its flag USED is set, and a descriptor's last byte is its id. Addresses
 * have 31 bits and a sign. What is missing is zero.
 */
@Tag("fuzz")
class BlkFuzzTest {
  private static final int RAM = 1 << 20;
  private static final int SIZE = 8;
  private static final long RING = 0x1_0000;
  private static final long TABLE = 0x2_0000;
  private static final long HEADERS = 0x2_1000;
  private static final int MOST_BYTES = 1024;
  private static final int DISK = 64 << 10;

  private static final class Silent implements VirtioTransport {
    @Override
    public void kick(int index) {
      throw new AssertionError("nothing is late");
    }

    @Override
    public void serve(int index) {}

    @Override
    public void configChanged() {}

    @Override
    public EventFd event(int index) {
      throw new AssertionError("nothing is late");
    }

    @Override
    public void report(String problem) {
      throw new AssertionError(problem);
    }
  }

  @FuzzTest(maxDuration = "10m")
  void shouldKeepToItsMemoryWhateverTheDriverDoes(byte[] input) {
    ByteBuffer bytes =
        ByteBuffer.wrap(Arrays.copyOf(input, MOST_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
    GuestMemory memory = new GuestMemory();
    GuestRam ram = GuestRam.create(Linux.system(), RamConfig.of(RAM), memory);
    try (VirtioBlk device = new VirtioBlk(new MemoryDisk(memory, DISK), "fuzz", 1)) {
      int features = bytes.get();
      int chains = bytes.get() & 15;
      RingLayout layout = (features & 8) != 0 ? RingLayout.PACKED : RingLayout.SPLIT;
      ModelRing ring = layout.ring(memory, RING, SIZE);
      byte[] heads = new byte[SIZE];
      bytes.get(heads);
      if (layout == RingLayout.SPLIT) {
        for (int i = 0; i < SIZE; i++) {
          memory.writeU16(ring.available() + 4 + 2L * i, heads[i] & 0xff);
        }
        ring.claim(chains);
      } else {
        memory.writeU16(ring.available() + 2, chains);
      }
      for (int i = 0; i < 2 * SIZE; i++) {
        long base = i < SIZE ? ring.descriptors() : TABLE - 16L * SIZE;
        boolean isUsed = layout == RingLayout.PACKED && i < SIZE && heads[i] != 0;
        ring.descriptorAt(
            base + 16L * i,
            bytes.getInt(),
            bytes.getInt() & 0xffff_ffffL,
            (bytes.get() & 0xff) | (isUsed ? PackedModelRing.USED : 0),
            bytes.get() & 0xff);
      }
      byte[] headers = new byte[bytes.remaining()];
      bytes.get(headers);
      memory.write(HEADERS, headers);
      device.negotiated((features & 4) != 0 ? VirtioBlk.FLUSH : 0);
      serve(
          device.handler(0, new Silent()),
          layout.queue(memory, ring, (features & 1) != 0, (features & 2) != 0));
    } finally {
      ram.close();
    }
  }

  /** As the queue's runner does; the disk requires that each request is one that it may get. */
  private static void serve(QueueHandler handler, Virtqueue queue) {
    int served = 0;
    handler.collect(queue);
    queue.suppressNotifications();
    // A request may change the ring that it came by, so that there is more; not for ever.
    for (DescriptorChain chain = handler.free();
        served < 4 * SIZE && queue.next(chain);
        chain = handler.free()) {
      handler.handle(chain, queue);
      served++;
    }
    handler.commit(queue);
    queue.publish();
    queue.wantNotifications();
    handler.drain(queue);
  }
}
