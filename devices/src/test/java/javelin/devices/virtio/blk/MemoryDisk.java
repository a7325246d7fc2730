package javelin.devices.virtio.blk;

import java.util.function.Supplier;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.EventFd;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/** A disk in memory that requires of each request that it stays inside the disk and guest RAM. */
final class MemoryDisk implements BlockBackend {
  private static final int SECTOR = 512;

  private final GuestMemory memory;
  private final UnsafeBuffer bytes;

  MemoryDisk(GuestMemory memory, int length) {
    this.memory = memory;
    bytes = new UnsafeBuffer(new byte[length]);
  }

  @Override
  public long length() {
    return bytes.capacity();
  }

  @Override
  public int logicalBlock() {
    return SECTOR;
  }

  @Override
  public int physicalBlock() {
    return SECTOR;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public Channel channel(Supplier<EventFd> wake) {
    return request -> {
      perform(request);
      request.finish(0);
    };
  }

  private void perform(BlockRequest request) {
    if (request.operation() == BlockRequest.Operation.FLUSH) {
      return;
    }
    require(request.offset() >= 0 && request.length() <= length() - request.offset(), request);
    int at = (int) request.offset();
    int length = (int) request.length();
    switch (request.operation()) {
      case READ -> {
        requireRam(request.data(), request);
        require(request.data().write(bytes, at, length) == length, request);
      }
      case WRITE -> {
        requireRam(request.data(), request);
        require(request.data().read(bytes, at, length) == length, request);
      }
      default -> bytes.setMemory(at, length, (byte) 0);
    }
  }

  private void requireRam(IoVector data, BlockRequest request) {
    UnsafeBuffer entries = new UnsafeBuffer(data.address(), 16 * data.count());
    long total = 0;
    for (int i = 0; i < data.count(); i++) {
      long guest = entries.getLong(16 * i) - memory.hostAddress(0, 1);
      require(memory.contains(guest, entries.getLong(16 * i + 8)), request);
      total += entries.getLong(16 * i + 8);
    }
    require(total == request.length() && total == data.bytes(), request);
  }

  private static void require(boolean isTrue, BlockRequest request) {
    if (!isTrue) {
      throw new AssertionError(
          request.operation() + " of " + request.length() + " bytes at " + request.offset());
    }
  }

  @Override
  public void close() {}
}
