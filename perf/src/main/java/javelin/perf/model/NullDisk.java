package javelin.perf.model;

import java.util.function.Supplier;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.vmm.linux.EventFd;

/** A disk with nothing behind it: each request ends well, at once. */
final class NullDisk implements BlockBackend {
  private static final int SECTOR = 512;
  private static final int PAGE = 4096;

  @Override
  public long length() {
    return 1 << 20;
  }

  @Override
  public int logicalBlock() {
    return SECTOR;
  }

  @Override
  public int physicalBlock() {
    return PAGE;
  }

  @Override
  public boolean isReadOnly() {
    return false;
  }

  @Override
  public Channel channel(Supplier<EventFd> wake) {
    return request -> request.finish(0);
  }

  @Override
  public void close() {}
}
