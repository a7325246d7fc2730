package javelin.passthrough.vfiouser.client;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import java.util.List;
import javelin.passthrough.vfio.VfioStructs;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.memory.MemoryListener;
import javelin.vmm.memory.RamRegion;
import org.agrona.concurrent.UnsafeBuffer;

/** Tells a server of guest RAM as it comes and goes, and gives it the file that it is in. */
final class DmaMaps implements MemoryListener {
  private final ClientConnection connection;

  DmaMaps(ClientConnection connection) {
    this.connection = connection;
  }

  @Override
  public void regionAdded(RamRegion region) {
    Fd file = region.file();
    synchronized (connection) {
      UnsafeBuffer request = connection.request();
      request.putInt(LENGTH + VfioStructs.ARGSZ, Payloads.MAP_LENGTH);
      request.putInt(LENGTH + VfioStructs.FLAGS, Payloads.MAP_READABLE | Payloads.MAP_WRITABLE);
      request.putLong(LENGTH + Payloads.MAP_OFFSET, file == null ? 0 : region.fileOffset());
      request.putLong(LENGTH + Payloads.MAP_ADDRESS, region.guestAddress());
      request.putLong(LENGTH + Payloads.MAP_SIZE, region.length());
      List<Fd> files = file == null ? List.of() : List.of(file);
      int result = connection.call(Command.DMA_MAP, Payloads.MAP_LENGTH, files);
      connection.requireOpened(Command.DMA_MAP, result);
    }
  }

  @Override
  public void regionRemoved(RamRegion region) {
    synchronized (connection) {
      UnsafeBuffer request = connection.request();
      request.putInt(LENGTH + VfioStructs.ARGSZ, Payloads.UNMAP_LENGTH);
      request.putInt(LENGTH + VfioStructs.FLAGS, 0);
      request.putLong(LENGTH + Payloads.UNMAP_ADDRESS, region.guestAddress());
      request.putLong(LENGTH + Payloads.UNMAP_SIZE, region.length());
      int result = connection.call(Command.DMA_UNMAP, Payloads.UNMAP_LENGTH, List.of());
      if (result < 0) {
        connection.lose("does not give guest RAM back: " + Errno.describe(-result));
      }
    }
  }
}
