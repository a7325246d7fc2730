package javelin.devices.virtio.blk.nbd;

import static javelin.devices.virtio.blk.nbd.NbdProtocol.*;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import javelin.devices.virtio.blk.BlockRequest;
import javelin.devices.virtio.blk.CompletionQueue;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.Syscalls;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One connection to a server, with many requests in flight. Requests of a batch go out with one
 * system call, from guest RAM; replies come in on a loop of its own, straight to guest RAM.
 *
 * <p>Threads: the object's lock guards the slots and what is sent, which happens on the threads of
 * queues, and on the loop where the server had no room. What is received belongs to the loop's
 * thread. There, too, a connection is lost, so that nothing is written to guest RAM once the
 * requests have ended. Neither side waits for the server.
 */
final class NbdConnection implements AutoCloseable {
  private static final ByteOrder NETWORK = ByteOrder.BIG_ENDIAN;
  private static final int IOVEC = 16;

  /** IOV_MAX of Linux. */
  private static final int MOST_ENTRIES = 1024;

  /** Replies are read ahead by this many bytes. */
  private static final int AHEAD = 4096;

  private static final String CLOSED = "the server has closed the connection";

  /** Reads before the loop looks at its tasks. */
  private static final int READS = 64;

  private final Linux linux;
  private final Syscalls syscalls;
  private final Fd fd;
  private final NbdExport export;
  private final FlushFailure flushFailure;
  private final Consumer<String> reports;
  private final EventLoop loop;
  private final EventLoop.Watch watch;

  /** Guarded by the lock, as all down to {@link #sending}. */
  private final List<NbdSlot> slots = new ArrayList<>();

  private final List<NbdSlot> free = new ArrayList<>();
  private NbdSlot firstToSend;
  private NbdSlot lastToSend;
  private boolean awaitsRoom;
  private boolean isLost;
  private final UnsafeBuffer sending = NativeMemory.allocate(MOST_ENTRIES * IOVEC);

  private final UnsafeBuffer receiving = NativeMemory.allocate(MOST_ENTRIES * IOVEC);

  /** What was read and not looked at: from {@link #start} to {@link #end}. */
  private final UnsafeBuffer ahead = NativeMemory.allocate(AHEAD);

  private int start;
  private int end;

  /** Whose data is coming in, and how much is to come; null between two replies. */
  private NbdSlot current;

  private long left;

  /**
   * Requests through {@code fd}, behind its handshake.
   *
   * @param fd closed with this
   * @param reports told why the connection was lost
   */
  NbdConnection(Fd fd, NbdExport export, FlushFailure flushFailure, Consumer<String> reports) {
    this.fd = fd;
    this.export = export;
    this.flushFailure = flushFailure;
    this.reports = reports;
    linux = fd.linux();
    syscalls = linux.syscalls();
    loop = new EventLoop(linux, "nbd " + fd.subject());
    try {
      watch = loop.watch(fd, EventLoop.READABLE, this::ready);
    } catch (RuntimeException e) {
      loop.close();
      throw e;
    }
  }

  /**
   * Takes a request, which is sent with {@link #send}.
   *
   * @param type of the protocol's commands
   * @return whether it is on its way; false where the connection is lost
   */
  synchronized boolean submit(BlockRequest request, CompletionQueue ends, int type, int flags) {
    if (isLost) {
      return false;
    }
    NbdSlot slot = free.isEmpty() ? newSlot() : free.remove(free.size() - 1);
    slot.take(request, ends, type, flags, export.mostData());
    enqueue(slot);
    return true;
  }

  private NbdSlot newSlot() {
    NbdSlot slot = new NbdSlot(slots.size());
    slots.add(slot);
    return slot;
  }

  private void enqueue(NbdSlot slot) {
    slot.next = null;
    if (firstToSend == null) {
      firstToSend = slot;
    } else {
      lastToSend.next = slot;
    }
    lastToSend = slot;
  }

  /** Sends what has been taken, as far as the server has room; the loop sends the rest. */
  synchronized void send() {
    while (firstToSend != null && !isLost) {
      int entries = 0;
      for (NbdSlot slot = firstToSend;
          slot != null && entries + slot.entries() <= MOST_ENTRIES;
          slot = slot.next) {
        entries = slot.addTo(sending, entries);
      }
      long result = syscalls.writev(fd.number(), sending.addressOffset(), entries);
      if (result > 0) {
        sent(result);
      } else if (Errno.EAGAIN.is(result)) {
        awaitRoom(true);
        return;
      } else if (!Errno.EINTR.is(result)) {
        cut(reason(result));
        return;
      }
    }
    awaitRoom(false);
  }

  private static String reason(long result) {
    boolean isClosed = Errno.EPIPE.is(result) || Errno.ECONNRESET.is(result);
    return isClosed ? CLOSED : "the connection fails: " + Errno.describe((int) -result);
  }

  private void sent(long bytes) {
    long unaccounted = bytes;
    while (firstToSend != null && (unaccounted > 0 || firstToSend.isSent())) {
      unaccounted = firstToSend.sent(unaccounted);
      if (!firstToSend.isSent()) {
        return;
      }
      firstToSend = firstToSend.next;
    }
  }

  private void awaitRoom(boolean awaits) {
    if (awaits != awaitsRoom && !isLost) {
      awaitsRoom = awaits;
      watch.events(awaits ? EventLoop.READABLE | EventLoop.WRITABLE : EventLoop.READABLE);
    }
  }

  private void ready(int events) {
    if ((events & EventLoop.WRITABLE) != 0) {
      send();
    }
    if ((events & ~EventLoop.WRITABLE) != 0) {
      receive();
    }
  }

  private void receive() {
    for (int i = 0; i < READS && consume(); i++) {
      long result = syscalls.readv(fd.number(), receiving.addressOffset(), target());
      if (result == 0) {
        lose(CLOSED);
        return;
      }
      if (result > 0) {
        received(result);
      } else if (Errno.EAGAIN.is(result)) {
        break;
      } else if (!Errno.EINTR.is(result)) {
        lose(reason(result));
        return;
      }
    }
    if (consume()) {
      send(); // The next parts of requests.
    }
  }

  /** Where the next bytes go: the rest of the data, if any, then what is read ahead. */
  private int target() {
    if (start > 0) {
      ahead.putBytes(0, ahead, start, end - start);
      end -= start;
      start = 0;
    }
    int entries = current == null ? 0 : current.request().data().copyTo(receiving, 0, left);
    receiving.putLong(entries * IOVEC, ahead.addressOffset() + end);
    receiving.putLong(entries * IOVEC + Long.BYTES, AHEAD - end);
    return entries + 1;
  }

  private void received(long bytes) {
    long ofData = current == null ? 0 : Math.min(bytes, left);
    if (ofData > 0) {
      current.request().data().skip(ofData);
      left -= ofData;
    }
    end += (int) (bytes - ofData);
  }

  /** Looks at what has come in; returns false where the connection is lost. */
  private boolean consume() {
    while (true) {
      if (current != null) {
        if (left > 0) {
          int copied =
              current.request().data().write(ahead, start, (int) Math.min(left, end - start));
          start += copied;
          left -= copied;
        }
        if (left > 0) {
          return true;
        }
        NbdSlot finished = current;
        current = null;
        partEnded(finished, 0);
      }
      if (end - start < REPLY_LENGTH) {
        return !isLost();
      }
      if (!reply()) {
        return false;
      }
    }
  }

  private synchronized boolean isLost() {
    return isLost;
  }

  /** Looks at one reply; returns whether it is one. */
  private boolean reply() {
    int magic = ahead.getInt(start, NETWORK);
    int error = ahead.getInt(start + REPLY_ERROR, NETWORK);
    long handle = ahead.getLong(start + REPLY_HANDLE, NETWORK);
    start += REPLY_LENGTH;
    if (magic != REPLY_MAGIC) {
      lose("the server breaks the protocol: a reply begins with 0x" + Integer.toHexString(magic));
      return false;
    }
    NbdSlot slot = slot(handle);
    if (slot == null) {
      lose("the server breaks the protocol: it answers what was not asked");
      return false;
    }
    if (error == 0 && slot.awaited() > 0) {
      current = slot;
      left = slot.awaited();
    } else {
      partEnded(slot, error);
    }
    return true;
  }

  private synchronized NbdSlot slot(long handle) {
    int index = NbdSlot.index(handle);
    boolean isOne = !isLost && index >= 0 && index < slots.size();
    return isOne && slots.get(index).hasHandle(handle) ? slots.get(index) : null;
  }

  private synchronized void partEnded(NbdSlot slot, int error) {
    if (error == 0 && slot.partDone()) {
      enqueue(slot);
      return;
    }
    int result = -errno(error);
    if (slot.isFlush() && result != 0) {
      flushFailure.set(result);
    }
    free.add(slot);
    slot.end(result);
  }

  /** The protocol's errors have the numbers of Linux; what is none of them becomes EIO. */
  private static int errno(int error) {
    return switch (error) {
      case 0, 1, 5, 12, 22, 28, 75, 95 -> error;
      default -> Errno.EIO.number();
    };
  }

  /** Gives the connection up, soon. Any thread may call. */
  void cut(String why) {
    loop.execute(() -> lose(why));
  }

  /** On the loop's thread. */
  private void lose(String why) {
    synchronized (this) {
      if (isLost) {
        return;
      }
      isLost = true;
      firstToSend = null;
      current = null;
      watch.close();
      fd.close();
      reports.accept(why + "; its requests end in I/O errors from now on");
      for (NbdSlot slot : slots) {
        if (slot.isInUse()) {
          slot.end(-Errno.ENOTCONN.number());
        }
      }
    }
  }

  /** Takes leave of the server, and closes the connection; no request is in flight. */
  @Override
  public void close() {
    synchronized (this) {
      if (!isLost) {
        isLost = true;
        UnsafeBuffer header = NativeMemory.allocate(REQUEST_LENGTH);
        header.putInt(0, REQUEST_MAGIC, NETWORK);
        header.putShort(REQUEST_TYPE, (short) CMD_DISC, NETWORK);
        // A server that does not take it sees the end of the connection.
        syscalls.write(fd.number(), header.addressOffset(), REQUEST_LENGTH);
        watch.close();
      }
    }
    loop.close();
    fd.close();
  }
}
