package javelin.passthrough.model.nvme;

import javelin.passthrough.model.ModelHost;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a command moves, and its way from and to the host's memory by PRP entries (NVM Express Base
 * 1.4, 4.3). For the device's lock.
 */
final class DataBuffer {
  /** The most that one command moves: 2^{@value #MOST_PAGES_LOG2} pages. */
  static final int MOST_PAGES_LOG2 = 5;

  static final int PAGE = 4096;
  static final int CAPACITY = PAGE << MOST_PAGES_LOG2;
  private static final int PAGE_MASK = PAGE - 1;

  private final ModelHost host;
  private final byte[] bytes = new byte[CAPACITY];
  private final UnsafeBuffer view = new UnsafeBuffer(bytes);

  /** A part of a list of PRP entries. */
  private final byte[] list = new byte[PAGE];

  private final UnsafeBuffer entries = new UnsafeBuffer(list);

  DataBuffer(ModelHost host) {
    this.host = host;
  }

  /** The data. */
  UnsafeBuffer view() {
    return view;
  }

  /** Puts zeros into the first {@code length} bytes. */
  UnsafeBuffer cleared(int length) {
    view.setMemory(0, length, (byte) 0);
    return view;
  }

  /** Sends the first {@code length} bytes to where the command wants them; returns a status. */
  int toHost(Entry command, int length) {
    return move(command.prp1(), command.prp2(), length, true);
  }

  /** Fetches {@code length} bytes from where the command has them; returns a status. */
  int fromHost(Entry command, int length) {
    return move(command.prp1(), command.prp2(), length, false);
  }

  private int move(long prp1, long prp2, int length, boolean isToHost) {
    if ((prp1 & 3) != 0) {
      return Status.INVALID_PRP_OFFSET;
    }
    int first = (int) Math.min(length, PAGE - (prp1 & PAGE_MASK));
    if (!page(prp1, 0, first, isToHost)) {
      return Status.DATA_TRANSFER_ERROR;
    }
    int left = length - first;
    if (left == 0) {
      return Status.SUCCESS;
    }
    if (left <= PAGE) {
      if ((prp2 & PAGE_MASK) != 0) {
        return Status.INVALID_PRP_OFFSET;
      }
      return page(prp2, first, left, isToHost) ? Status.SUCCESS : Status.DATA_TRANSFER_ERROR;
    }
    return byList(prp2, first, left, isToHost);
  }

  private int byList(long start, int done, int length, boolean isToHost) {
    long at = start;
    int left = length;
    int position = done;
    while (left > 0) {
      if ((at & (Long.BYTES - 1)) != 0) {
        return Status.INVALID_PRP_OFFSET;
      }
      int room = (int) (PAGE - (at & PAGE_MASK)) / Long.BYTES;
      int pages = (left + PAGE - 1) / PAGE;
      int count = Math.min(room, pages);
      if (!host.readMemory(at, list, 0, count * Long.BYTES)) {
        return Status.DATA_TRANSFER_ERROR;
      }
      // The last entry of a page that is not enough leads to the next page of the list.
      int data = pages > room ? count - 1 : count;
      for (int i = 0; i < data; i++) {
        long address = entries.getLong(i * Long.BYTES);
        int part = Math.min(left, PAGE);
        if ((address & PAGE_MASK) != 0) {
          return Status.INVALID_PRP_OFFSET;
        }
        if (!page(address, position, part, isToHost)) {
          return Status.DATA_TRANSFER_ERROR;
        }
        position += part;
        left -= part;
      }
      if (left > 0) {
        at = entries.getLong((count - 1) * Long.BYTES);
        // All but the first part of a list are whole pages, so that each leads on.
        if ((at & PAGE_MASK) != 0) {
          return Status.INVALID_PRP_OFFSET;
        }
      }
    }
    return Status.SUCCESS;
  }

  private boolean page(long address, int position, int length, boolean isToHost) {
    return isToHost
        ? host.writeMemory(address, bytes, position, length)
        : host.readMemory(address, bytes, position, length);
  }
}
