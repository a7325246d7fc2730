package javelin.devices.virtio.blk;

import java.util.function.Supplier;
import javelin.vmm.linux.EventFd;

/** A disk that something else is closed with, as its server. */
record ServedDisk(BlockBackend disk, AutoCloseable server) implements BlockBackend {
  @Override
  public long length() {
    return disk.length();
  }

  @Override
  public int logicalBlock() {
    return disk.logicalBlock();
  }

  @Override
  public int physicalBlock() {
    return disk.physicalBlock();
  }

  @Override
  public boolean isReadOnly() {
    return disk.isReadOnly();
  }

  @Override
  public boolean hasDurableWrites() {
    return disk.hasDurableWrites();
  }

  @Override
  public Channel channel(Supplier<EventFd> wake) {
    return disk.channel(wake);
  }

  @Override
  public void close() {
    disk.close();
    try {
      server.close();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
