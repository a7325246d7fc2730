package javelin.devices.virtio.blk.nbd;

import static javelin.devices.virtio.blk.nbd.NbdProtocol.*;

import java.util.function.Supplier;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.devices.virtio.blk.BlockRequest;
import javelin.devices.virtio.blk.CompletionQueue;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.EventFd;

/** A queue's way to an {@link NbdConnection}, which it may share with others. */
final class NbdChannel implements BlockBackend.Channel {
  /** A server that ends no request for so long, while the guest waits for all, is given up. */
  private static final long PATIENCE_MILLIS = 10_000;

  private final NbdConnection connection;
  private final NbdExport export;
  private final FlushFailure flushFailure;
  private final CompletionQueue ends;
  private final long patience;

  NbdChannel(
      NbdConnection connection,
      NbdExport export,
      FlushFailure flushFailure,
      Supplier<EventFd> wake) {
    this(connection, export, flushFailure, wake, PATIENCE_MILLIS);
  }

  NbdChannel(
      NbdConnection connection,
      NbdExport export,
      FlushFailure flushFailure,
      Supplier<EventFd> wake,
      long patience) {
    this.connection = connection;
    this.export = export;
    this.flushFailure = flushFailure;
    this.patience = patience;
    ends = new CompletionQueue(wake);
  }

  @Override
  public void submit(BlockRequest request) {
    switch (request.operation()) {
      case READ -> start(request, CMD_READ, 0);
      case WRITE -> start(request, CMD_WRITE, request.isDurable() ? CMD_FLAG_FUA : 0);
      case FLUSH -> flush(request);
      case DISCARD -> {
        if (export.has(SEND_TRIM)) {
          start(request, CMD_TRIM, 0);
        } else {
          request.finish(-Errno.EOPNOTSUPP.number());
        }
      }
      case ZERO -> zero(request, 0);
      case ZERO_KEEPING_SPACE -> zero(request, CMD_FLAG_NO_HOLE);
    }
  }

  /** A server that has no flush needs none, or has said that it cannot be helped. */
  private void flush(BlockRequest request) {
    if (flushFailure.get() != 0 || !export.has(SEND_FLUSH)) {
      request.finish(flushFailure.get());
    } else {
      begin(request, CMD_FLUSH, 0);
    }
  }

  private void zero(BlockRequest request, int flags) {
    if (export.has(SEND_WRITE_ZEROES)) {
      start(request, CMD_WRITE_ZEROES, flags);
    } else {
      start(request, CMD_WRITE, 0);
    }
  }

  private void start(BlockRequest request, int type, int flags) {
    long bits = request.offset() | request.length();
    if ((bits & (export.smallestBlock() - 1)) != 0) {
      request.finish(-Errno.EINVAL.number());
    } else if (request.length() == 0) {
      request.finish(0);
    } else {
      begin(request, type, flags);
    }
  }

  private void begin(BlockRequest request, int type, int flags) {
    if (connection.submit(request, ends, type, flags)) {
      ends.started();
    } else {
      request.finish(-Errno.ENOTCONN.number());
    }
  }

  @Override
  public void commit() {
    connection.send();
  }

  @Override
  public void collect() {
    ends.collect();
  }

  @Override
  public void drain() {
    while (ends.inFlight() > 0) {
      // The end of a request may be the start of another.
      connection.send();
      if (!ends.await(patience)) {
        connection.cut("the server has ended no request for " + patience / 1000 + " s");
        ends.await(Long.MAX_VALUE);
      }
      ends.collect();
    }
  }
}
