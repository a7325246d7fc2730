package javelin.passthrough.vfiouser.client;

import static javelin.passthrough.vfiouser.wire.MessageHeader.LENGTH;

import javelin.passthrough.vfiouser.wire.Channel;
import javelin.passthrough.vfiouser.wire.Command;
import javelin.passthrough.vfiouser.wire.MessageHeader;
import javelin.passthrough.vfiouser.wire.Payloads;
import javelin.vmm.linux.Errno;
import javelin.vmm.memory.GuestMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Guest RAM, for a server that asks for it by messages (vfio-user, "VFIO_USER_DMA_READ" and
 * "..._WRITE"). Allocates nothing. The connection's lock guards it.
 */
final class GuestDma {
  private final GuestMemory memory;
  private final UnsafeBuffer ram = new UnsafeBuffer(0, 0);

  GuestDma(GuestMemory memory) {
    this.memory = memory;
  }

  /**
   * Does what a server asks for.
   *
   * @param size bytes of the command
   * @param out gets the reply
   * @return bytes of the reply
   */
  int serve(UnsafeBuffer command, int size, UnsafeBuffer out) {
    int id = MessageHeader.id(command);
    int number = MessageHeader.command(command);
    boolean isRead = number == Command.DMA_READ.number();
    if (!isRead && number != Command.DMA_WRITE.number()) {
      return error(out, id, number, Errno.EOPNOTSUPP);
    }
    if (size < LENGTH + Payloads.DMA_DATA) {
      return error(out, id, number, Errno.EINVAL);
    }
    long address = command.getLong(LENGTH);
    long count = command.getLong(LENGTH + Payloads.DMA_COUNT);
    if (count < 0
        || count > Channel.MOST_DATA
        || (!isRead && count > size - LENGTH - Payloads.DMA_DATA)) {
      return error(out, id, number, Errno.EINVAL);
    }
    long host = memory.hostAddressOrZero(address, count);
    if (host == 0) {
      return error(out, id, number, Errno.EFAULT);
    }
    ram.wrap(host, (int) count);
    if (isRead) {
      out.putBytes(LENGTH + Payloads.DMA_DATA, ram, 0, (int) count);
    } else {
      ram.putBytes(0, command, LENGTH + Payloads.DMA_DATA, (int) count);
    }
    int length = LENGTH + Payloads.DMA_DATA + (isRead ? (int) count : 0);
    MessageHeader.putReply(out, id, number, length);
    out.putLong(LENGTH, address);
    out.putLong(LENGTH + Payloads.DMA_COUNT, count);
    return length;
  }

  private static int error(UnsafeBuffer out, int id, int command, Errno errno) {
    MessageHeader.putError(out, id, command, errno.number());
    return LENGTH;
  }
}
