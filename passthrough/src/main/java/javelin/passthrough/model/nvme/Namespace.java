package javelin.passthrough.model.nvme;

import javelin.devices.virtio.blk.BlockBackend;
import javelin.devices.virtio.blk.BlockRequest;
import javelin.devices.virtio.blk.BlockRequest.Operation;
import javelin.devices.virtio.queue.IoVector;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The blocks of the one namespace, {@value #BLOCK} bytes each. Requests end before their methods
 * return, with a status. For the device's lock.
 */
final class Namespace {
  static final int BLOCK = 512;
  static final int BLOCK_LOG2 = 9;

  private final BlockBackend disk;
  private final BlockBackend.Channel channel;
  private final IoVector vector = new IoVector(1);
  private final UnsafeBuffer memory = NativeMemory.allocate(DataBuffer.CAPACITY, DataBuffer.PAGE);
  private final BlockRequest request = new BlockRequest((done, result) -> ended = result);
  private int ended;

  /**
   * @param disk whose channels do requests at once (aio=sync); it stays the caller's
   */
  Namespace(BlockBackend disk) {
    this.disk = disk;
    channel =
        disk.channel(
            () -> {
              throw new IllegalStateException("the disk of an NVMe controller has nothing late");
            });
  }

  long blocks() {
    return disk.length() / BLOCK;
  }

  /** Whether a range of blocks is in the namespace; safe for any numbers. */
  boolean contains(long first, long count) {
    return first >= 0 && count >= 0 && count <= blocks() && first <= blocks() - count;
  }

  /** Reads {@code length} bytes from block {@code first} on. */
  int read(long first, UnsafeBuffer target, int length) {
    int result = transfer(Operation.READ, first, length);
    memory.getBytes(0, target, 0, length);
    return result == 0 ? Status.SUCCESS : Status.UNRECOVERED_READ_ERROR;
  }

  /** Writes them. */
  int write(long first, UnsafeBuffer source, int length) {
    memory.putBytes(0, source, 0, length);
    return written(transfer(Operation.WRITE, first, length));
  }

  private int transfer(Operation operation, long first, int length) {
    vector.prepend(memory.addressOffset(), length);
    channel.submit(request.set(operation, first * BLOCK, length, vector));
    vector.skip(vector.bytes());
    return ended;
  }

  /** Makes durable what has been written. */
  int flush() {
    return written(without(Operation.FLUSH, 0, 0));
  }

  /** Gives back what some blocks occupy; where the host cannot, nothing happens. */
  int deallocate(long first, long count) {
    int result = without(Operation.DISCARD, first, count);
    return Errno.EOPNOTSUPP.is(result) ? Status.SUCCESS : written(result);
  }

  /** Zeros some blocks. */
  int zero(long first, long count, boolean keepsSpace) {
    Operation operation = keepsSpace ? Operation.ZERO_KEEPING_SPACE : Operation.ZERO;
    return written(without(operation, first, count));
  }

  private int without(Operation operation, long first, long count) {
    if (count == 0 && operation != Operation.FLUSH) {
      return 0;
    }
    channel.submit(request.set(operation, first * BLOCK, count * BLOCK, null));
    return ended;
  }

  private static int written(int result) {
    if (result == 0) {
      return Status.SUCCESS;
    }
    return Errno.ENOSPC.is(result) ? Status.CAPACITY_EXCEEDED : Status.WRITE_FAULT;
  }
}
