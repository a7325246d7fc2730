package javelin.devices.virtio.blk.nbd;

import static javelin.devices.virtio.blk.nbd.NbdProtocol.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javelin.devices.virtio.blk.BlockBackend;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk that is an export of an NBD server (doc/proto.md of the NBD project): simple replies, many
 * requests in flight, and a connection for each queue where the server is made for several.
 *
 * <p>A connection that is lost is not made anew, as what was written through it and not flushed may
 * be lost, too: its requests end in errors.
 */
public final class NbdDisk implements BlockBackend {
  private static final Logger LOG = LoggerFactory.getLogger(NbdDisk.class);
  private static final int SECTOR = 512;

  /** Larger units are of no use to a guest. */
  private static final int LARGEST_PHYSICAL_BLOCK = 1 << 16;

  private final boolean isReadOnly;
  private final NbdExport export;
  private final List<NbdConnection> connections = new ArrayList<>();
  private final FlushFailure flushFailure = new FlushFailure();
  private final Resources owned = new Resources();
  private int channels;

  private NbdDisk(NbdExport export, boolean isReadOnly) {
    this.export = export;
    this.isReadOnly = isReadOnly;
  }

  /**
   * Connects to a server.
   *
   * @param isReadOnly whether writes are refused; they are not on an export that the server gives
   *     for reading only
   * @param queues the most connections that are of use
   * @param reports told, in a line, why a connection was lost
   * @throws NbdException where the server does not give the export, or breaks the protocol
   * @throws ErrnoException where there is no connection
   */
  public static NbdDisk open(
      Linux linux, NbdAddress address, boolean isReadOnly, int queues, Consumer<String> reports) {
    Resources opened = new Resources();
    try {
      Fd fd = opened.own(address.connect(linux));
      NbdExport export = NbdHandshake.run(fd, address.export());
      requireUsable(export, isReadOnly);
      NbdDisk disk = new NbdDisk(export, isReadOnly);
      Consumer<String> named = line -> reports.accept(address + ": " + line);
      disk.add(fd, named);
      opened.own(disk);
      if (export.has(CAN_MULTI_CONN)) {
        disk.addMore(linux, address, queues, named);
      }
      return disk;
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private static void requireUsable(NbdExport export, boolean isReadOnly) {
    if (export.has(READ_ONLY) && !isReadOnly) {
      throw new NbdException("the server gives it for reading only: give readonly=on");
    }
    if (export.length() == 0) {
      throw new NbdException("the export is empty");
    }
    int unit = Math.max(SECTOR, export.smallestBlock());
    if (export.length() % unit != 0) {
      throw new NbdException(
          String.format(
              "%d bytes are no whole number of blocks of %d: have the server round them up",
              export.length(), unit));
    }
  }

  private void add(Fd fd, Consumer<String> reports) {
    connections.add(owned.own(new NbdConnection(fd, export, flushFailure, reports)));
  }

  /** Servers may have room for fewer clients than there are queues, which then share them. */
  private void addMore(Linux linux, NbdAddress address, int wanted, Consumer<String> reports) {
    while (connections.size() < wanted) {
      Fd fd = null;
      try {
        fd = address.connect(linux);
        if (!NbdHandshake.run(fd, address.export()).equals(export)) {
          throw new NbdException("the export has changed");
        }
        add(fd, reports);
      } catch (NbdException | ErrnoException e) {
        LOG.info("{}: {} connections: {}", address, connections.size(), e.getMessage());
        if (fd != null) {
          fd.close();
        }
        return;
      }
    }
  }

  @Override
  public long length() {
    return export.length();
  }

  @Override
  public int logicalBlock() {
    return Math.max(SECTOR, export.smallestBlock());
  }

  @Override
  public int physicalBlock() {
    int preferred = Math.min(export.preferredBlock(), LARGEST_PHYSICAL_BLOCK);
    return Math.max(logicalBlock(), preferred);
  }

  @Override
  public boolean isReadOnly() {
    return isReadOnly;
  }

  @Override
  public boolean hasDurableWrites() {
    return export.has(SEND_FUA);
  }

  /** Connections to the server. */
  int connections() {
    return connections.size();
  }

  @Override
  public Channel channel(Supplier<EventFd> wake) {
    NbdConnection connection = connections.get(channels++ % connections.size());
    return new NbdChannel(connection, export, flushFailure, wake);
  }

  @Override
  public void close() {
    owned.close();
  }
}
