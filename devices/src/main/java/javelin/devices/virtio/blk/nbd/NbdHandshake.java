package javelin.devices.virtio.blk.nbd;

import static javelin.devices.virtio.blk.nbd.NbdProtocol.*;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The client's side of the fixed newstyle handshake with the option GO: after it the connection is
 * for requests (doc/proto.md of the NBD project, "Handshake phase").
 */
final class NbdHandshake {
  private static final ByteOrder NETWORK = ByteOrder.BIG_ENDIAN;
  private static final long SECONDS = 5;

  /** Of a reply: what is read of its data, and what its data has at most. */
  private static final int LONGEST_REPLY = 1 << 16;

  /** More replies to one option than a server has reasons for. */
  private static final int MOST_REPLIES = 64;

  private static final int OPTION_HEADER = 16;
  private static final int REPLY_HEADER = 20;
  private static final int LONGEST_BLOCK = 1 << 16;

  /** What a server takes that says nothing of it, and no client should go beyond. */
  private static final int MOST_DATA = 32 << 20;

  private static final int USUAL_BLOCK = 1 << 12;

  private final HandshakeSocket socket;
  private final String export;
  private final UnsafeBuffer buffer = NativeMemory.allocate(LONGEST_REPLY);
  private long length = -1;
  private int flags;
  private int smallestBlock = 1;
  private int preferredBlock = USUAL_BLOCK;
  private int mostData = MOST_DATA;

  private NbdHandshake(HandshakeSocket socket, String export) {
    this.socket = socket;
    this.export = export;
  }

  /**
   * Asks the server at {@code fd} for {@code export}.
   *
   * @throws NbdException where it does not give it, or breaks the protocol
   * @throws javelin.vmm.linux.ErrnoException where the connection fails
   */
  static NbdExport run(Fd fd, String export) {
    return run(fd, export, SECONDS);
  }

  /** As above, in {@code seconds} at most. */
  static NbdExport run(Fd fd, String export, long seconds) {
    return new NbdHandshake(new HandshakeSocket(fd, seconds), export).run();
  }

  private NbdExport run() {
    greet();
    go();
    for (int i = 0; i < MOST_REPLIES; i++) {
      if (isAcknowledged()) {
        return result();
      }
    }
    throw broken("it answers without end");
  }

  private static NbdException broken(String how) {
    return new NbdException("the server speaks no NBD that is known here: " + how);
  }

  private void greet() {
    socket.read(buffer, 18);
    if (buffer.getLong(0, NETWORK) != NBDMAGIC) {
      throw broken("it does not begin with NBDMAGIC");
    }
    int offered = buffer.getShort(16, NETWORK);
    if (buffer.getLong(8, NETWORK) != IHAVEOPT || (offered & FLAG_FIXED_NEWSTYLE) == 0) {
      throw broken("it has no fixed newstyle handshake");
    }
    buffer.putInt(0, FLAG_FIXED_NEWSTYLE | (offered & FLAG_NO_ZEROES), NETWORK);
    socket.write(buffer, Integer.BYTES);
  }

  /** u32 length and bytes of the export's name, u16 count of the information that is asked for. */
  private void go() {
    byte[] name = export.getBytes(StandardCharsets.UTF_8);
    int data = Integer.BYTES + name.length + 2 * Short.BYTES;
    buffer.putLong(0, IHAVEOPT, NETWORK);
    buffer.putInt(8, OPT_GO, NETWORK);
    buffer.putInt(12, data, NETWORK);
    buffer.putInt(OPTION_HEADER, name.length, NETWORK);
    buffer.putBytes(OPTION_HEADER + Integer.BYTES, name);
    int at = OPTION_HEADER + Integer.BYTES + name.length;
    buffer.putShort(at, (short) 1, NETWORK);
    buffer.putShort(at + Short.BYTES, (short) INFO_BLOCK_SIZE, NETWORK);
    socket.write(buffer, OPTION_HEADER + data);
  }

  /** Reads a reply; returns whether it was the last one. */
  private boolean isAcknowledged() {
    socket.read(buffer, REPLY_HEADER);
    if (buffer.getLong(0, NETWORK) != OPTION_REPLY_MAGIC || buffer.getInt(8, NETWORK) != OPT_GO) {
      throw broken("it answers what was not asked");
    }
    int type = buffer.getInt(12, NETWORK);
    int bytes = buffer.getInt(16, NETWORK);
    if (bytes < 0 || bytes > LONGEST_REPLY) {
      throw broken("an answer of " + Integer.toUnsignedString(bytes) + " bytes");
    }
    socket.read(buffer, bytes);
    if ((type & REP_FLAG_ERROR) != 0) {
      throw refused(type, bytes);
    }
    if (type == REP_INFO) {
      take(bytes);
    } else if (type != REP_ACK) {
      throw broken("an answer of type " + type);
    }
    return type == REP_ACK;
  }

  private NbdException refused(int type, int bytes) {
    byte[] text = new byte[Math.min(bytes, 200)];
    buffer.getBytes(0, text);
    // What a server says is shown, but not to be trusted with the terminal.
    String said = new String(text, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", " ").strip();
    String why = said.isEmpty() ? "" : " (" + said + ")";
    return switch (type) {
      case REP_ERR_UNKNOWN ->
          new NbdException(
              (export.isEmpty()
                      ? "the server has no default export"
                      : "the server has no " + export)
                  + why
                  + "; export=NAME names one");
      case REP_ERR_TLS_REQD -> new NbdException("the server wants TLS, which is not spoken here");
      case REP_ERR_POLICY -> new NbdException("the server refuses it" + why);
      case REP_ERR_UNSUP -> broken("it has no option GO" + why);
      default -> new NbdException("the server refuses it: error " + (type & ~REP_FLAG_ERROR) + why);
    };
  }

  private void take(int bytes) {
    if (bytes < Short.BYTES) {
      throw broken("information of " + bytes + " bytes");
    }
    switch (buffer.getShort(0, NETWORK)) {
      case INFO_EXPORT -> {
        require(bytes, 12);
        length = buffer.getLong(2, NETWORK);
        flags = buffer.getShort(10, NETWORK) & 0xffff;
      }
      case INFO_BLOCK_SIZE -> {
        require(bytes, 14);
        smallestBlock = buffer.getInt(2, NETWORK);
        preferredBlock = buffer.getInt(6, NETWORK);
        int most = buffer.getInt(10, NETWORK);
        mostData = most < 0 ? MOST_DATA : Math.min(most, MOST_DATA);
      }
      default -> {}
    }
  }

  private static void require(int bytes, int wanted) {
    if (bytes != wanted) {
      throw broken("information of " + bytes + " bytes where it has " + wanted);
    }
  }

  private NbdExport result() {
    if (length < 0) {
      throw broken("it does not say how long the export is");
    }
    if (!isBlock(smallestBlock, LONGEST_BLOCK)
        || !isBlock(preferredBlock, MOST_DATA)
        || mostData < smallestBlock) {
      throw broken(
          String.format(
              "its blocks are of %d to %d bytes, or better %d",
              smallestBlock, mostData, preferredBlock));
    }
    int whole = mostData - mostData % smallestBlock;
    return new NbdExport(length, flags, smallestBlock, preferredBlock, whole);
  }

  private static boolean isBlock(int bytes, int most) {
    return bytes > 0 && bytes <= most && Integer.bitCount(bytes) == 1;
  }
}
