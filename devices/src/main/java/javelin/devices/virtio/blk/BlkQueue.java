package javelin.devices.virtio.blk;

import java.util.ArrayDeque;
import java.util.Deque;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.blk.BlockRequest.Operation;
import javelin.devices.virtio.queue.DescriptorChain;
import javelin.devices.virtio.queue.IoVector;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.devices.virtio.queue.Virtqueue;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The requests of one queue of a block device (virtio 1.2, 5.2.6): a header of le32 type, le32
 * reserved, le64 sector; then the data; then one status byte.
 *
 * <p>Requests are made when first needed, up to the size of the queue, and kept. Guarded by the
 * lock of the queue's runner.
 */
final class BlkQueue implements QueueHandler {
  private static final int HEADER_LENGTH = 16;
  private static final int HEADER_SECTOR = 8;
  private static final int TYPE_IN = 0;
  private static final int TYPE_OUT = 1;
  private static final int TYPE_FLUSH = 4;
  private static final int TYPE_GET_ID = 8;
  private static final int TYPE_DISCARD = 11;
  private static final int TYPE_WRITE_ZEROES = 13;

  /** le64 sector, le32 sectors, le32 flags. */
  private static final int RANGE_LENGTH = 16;

  private static final int RANGE_SECTORS = 8;
  private static final int RANGE_FLAGS = 12;
  private static final int FLAG_UNMAP = 1;

  private static final byte STATUS_OK = 0;
  private static final byte STATUS_IOERR = 1;
  private static final byte STATUS_UNSUPP = 2;

  private static final long MAX_U32 = 0xffff_ffffL;

  private final VirtioBlk device;
  private final BlockBackend.Channel channel;
  private final VirtioTransport transport;
  private final int size;
  private final long sectors;
  private final UnsafeBuffer header = NativeMemory.allocate(HEADER_LENGTH);
  private final UnsafeBuffer id = NativeMemory.allocate(VirtioBlk.SERIAL_LENGTH);
  private final UnsafeBuffer statusView = new UnsafeBuffer(0, 0);
  private final Deque<Slot> idle;
  private int slots;

  /** Where the next request goes; null where that is not known yet. */
  private Slot next;

  /** The queue that is being served; null between two uses. */
  private Virtqueue queue;

  BlkQueue(VirtioBlk device, BlockBackend.Channel channel, VirtioTransport transport, int size) {
    this.device = device;
    this.channel = channel;
    this.transport = transport;
    this.size = size;
    sectors = device.disk().length() / BlkConfig.SECTOR;
    idle = new ArrayDeque<>(size + 1);
    id.putBytes(0, device.serial());
  }

  /** A request, from the ring to the disk and back. */
  private final class Slot implements BlockRequest.Listener {
    final DescriptorChain chain = new DescriptorChain(size);
    final BlockRequest request = new BlockRequest(this);
    long statusAddress;

    /** Bytes of data that the driver gets where all goes well. */
    long given;

    /** Whether the writable part has nothing but what is given, and the status. */
    boolean isExact;

    void start(Operation operation, long sector, long length, IoVector data) {
      request.set(operation, sector * BlkConfig.SECTOR, length, data);
      if (isMadeDurable(operation) && device.disk().hasDurableWrites()) {
        request.durable();
      }
      channel.submit(request);
    }

    private boolean isMadeDurable(Operation operation) {
      return operation == Operation.WRITE && device.isWriteThrough();
    }

    @Override
    public void finished(BlockRequest ended, int result) {
      if (result == 0 && isMadeDurable(ended.operation()) && !ended.isDurable()) {
        start(Operation.FLUSH, 0, 0, null);
        return;
      }
      if (result < 0 && !isUnsupported(ended.operation(), result) && !Errno.ENOTCONN.is(result)) {
        report(ended, result);
      }
      end(status(ended.operation(), result));
    }

    /** Hands the request back with {@code status}. */
    void end(byte status) {
      statusView.wrap(statusAddress, 1);
      statusView.putByte(0, status);
      // Of the writable bytes only a prefix counts as written, and the status is the last one.
      long written = 0;
      if (status == STATUS_OK) {
        written = isExact ? given + 1 : given;
      } else if (isExact && given == 0) {
        written = 1;
      }
      queue.complete(chain.head(), written);
      idle.push(this);
    }
  }

  @Override
  public DescriptorChain free() {
    if (next == null) {
      next = idle.poll();
      if (next == null && slots < size) {
        next = new Slot();
        slots++;
      }
    }
    return next == null ? null : next.chain;
  }

  @Override
  public void handle(DescriptorChain chain, Virtqueue from) {
    queue = from;
    Slot slot = next;
    IoVector readable = chain.readable();
    IoVector writable = chain.writable();
    if (readable.bytes() < HEADER_LENGTH || writable.bytes() == 0) {
      from.fail("a block request without room for its header or its status");
      return;
    }
    next = null;
    readable.read(header, 0, HEADER_LENGTH);
    slot.statusAddress = writable.takeLastByte();
    slot.given = 0;
    slot.isExact = writable.bytes() == 0;
    long sector = header.getLong(HEADER_SECTOR);
    switch (header.getInt(0)) {
      case TYPE_IN -> {
        slot.given = writable.bytes();
        slot.isExact = true;
        move(slot, Operation.READ, sector, writable);
      }
      case TYPE_OUT -> move(slot, Operation.WRITE, sector, readable);
      case TYPE_FLUSH -> slot.start(Operation.FLUSH, 0, 0, null);
      case TYPE_GET_ID -> {
        slot.given = writable.write(id, 0, VirtioBlk.SERIAL_LENGTH);
        slot.isExact = writable.bytes() == 0;
        slot.end(STATUS_OK);
      }
      case TYPE_DISCARD, TYPE_WRITE_ZEROES ->
          range(slot, header.getInt(0) == TYPE_DISCARD, readable);
      default -> slot.end(STATUS_UNSUPP);
    }
  }

  private void move(Slot slot, Operation operation, long sector, IoVector data) {
    long length = data.bytes();
    boolean isRefused = operation == Operation.WRITE && device.disk().isReadOnly();
    if (isRefused
        || length % BlkConfig.SECTOR != 0
        || !isInside(sector, length / BlkConfig.SECTOR)) {
      slot.end(STATUS_IOERR);
    } else {
      slot.start(operation, sector, length, data);
    }
  }

  private boolean isInside(long sector, long count) {
    return sector >= 0 && sector <= sectors && count <= sectors - sector;
  }

  /** A request on one range of sectors that moves no data. */
  private void range(Slot slot, boolean isDiscard, IoVector readable) {
    boolean isOne = readable.bytes() == RANGE_LENGTH;
    readable.read(header, 0, RANGE_LENGTH);
    long sector = header.getLong(0);
    long count = header.getInt(RANGE_SECTORS) & MAX_U32;
    int flags = header.getInt(RANGE_FLAGS);
    long most = isDiscard ? BlkConfig.MAX_DISCARD_SECTORS : BlkConfig.MAX_ZERO_SECTORS;
    if (isOne && (flags & (isDiscard ? -1 : ~FLAG_UNMAP)) != 0) {
      slot.end(STATUS_UNSUPP);
    } else if (!isOne || device.disk().isReadOnly() || count > most || !isInside(sector, count)) {
      slot.end(STATUS_IOERR);
    } else if (count == 0) {
      slot.end(STATUS_OK);
    } else {
      slot.start(operation(isDiscard, flags), sector, count * BlkConfig.SECTOR, null);
    }
  }

  private static Operation operation(boolean isDiscard, int flags) {
    if (isDiscard) {
      return Operation.DISCARD;
    }
    return (flags & FLAG_UNMAP) != 0 ? Operation.ZERO : Operation.ZERO_KEEPING_SPACE;
  }

  private static boolean isUnsupported(Operation operation, int result) {
    return operation == Operation.DISCARD && Errno.EOPNOTSUPP.is(result);
  }

  private static byte status(Operation operation, int result) {
    if (result == 0) {
      return STATUS_OK;
    }
    return isUnsupported(operation, result) ? STATUS_UNSUPP : STATUS_IOERR;
  }

  private void report(BlockRequest request, int result) {
    String what = request.operation().text();
    String error = Errno.describe(-result);
    transport.report(
        request.operation() == Operation.FLUSH
            ? what + ": " + error + "; flushes fail from now on, as data may be lost"
            : String.format(
                "%s of %d bytes at %d: %s", what, request.length(), request.offset(), error));
  }

  @Override
  public void collect(Virtqueue from) {
    queue = from;
    channel.collect();
  }

  @Override
  public void commit(Virtqueue from) {
    channel.commit();
  }

  @Override
  public void drain(Virtqueue from) {
    queue = from;
    channel.drain();
    queue = null;
  }
}
