package javelin.devices.virtio.balloon;

import javelin.devices.virtio.VirtioTransport;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Syscalls;

/**
 * Gives pages of guest RAM back to the host: MADV_REMOVE of madvise(2) takes them out of the guest
 * and frees them in the memfd behind it. Where the guest touches one again, it finds a page of
 * zeros. Allocates nothing, except to say what failed.
 *
 * <p>Neighbours are put together, upwards or downwards, as drivers go either way. For one thread at
 * a time.
 */
final class GuestPages {
  /** Bytes of a page, of the balloon's as of the host's (virtio 1.2, 5.5.6). */
  static final int PAGE = 4096;

  private final Syscalls syscalls;
  private final VirtioTransport transport;

  /** Process addresses of what is to be given back: first, and behind the last. */
  private long start;

  private long end;

  GuestPages(Syscalls syscalls, VirtioTransport transport) {
    this.syscalls = syscalls;
    this.transport = transport;
  }

  /** Adds bytes that are guest RAM; of pages that they do not cover, nothing is given back. */
  void add(long hostAddress, long length) {
    long first = hostAddress + PAGE - 1 & -PAGE;
    long last = hostAddress + length & -PAGE;
    if (first >= last) {
      return;
    }
    if (start < end && first == end) {
      end = last;
    } else if (start < end && last == start) {
      start = first;
    } else {
      giveBack();
      start = first;
      end = last;
    }
  }

  /** Forgets what was added since the last time. */
  void clear() {
    start = 0;
    end = 0;
  }

  /** Gives back what was added since the last time. */
  void giveBack() {
    if (start < end) {
      int result = syscalls.madvise(start, end - start, Linux.MADV_REMOVE);
      while (Errno.EINTR.is(result)) {
        result = syscalls.madvise(start, end - start, Linux.MADV_REMOVE);
      }
      if (result < 0) {
        transport.report(
            (end - start) / PAGE
                + " pages are not given back to the host: madvise: "
                + Errno.describe(-result));
      }
    }
    clear();
  }
}
