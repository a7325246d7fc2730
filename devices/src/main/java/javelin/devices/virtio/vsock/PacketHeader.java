package javelin.devices.virtio.vsock;

import javelin.vmm.linux.NativeMemory;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * {@code struct virtio_vsock_hdr} in front of each packet, both ways (virtio 1.2, 5.10.6):
 *
 * <pre>
 *  00 le64 src_cid    08 le64 dst_cid    10 le32 src_port   14 le32 dst_port
 *  18 le32 len        1c le16 type       1e le16 op         20 le32 flags
 *  24 le32 buf_alloc  28 le32 fwd_cnt
 * </pre>
 */
final class PacketHeader {
  static final int LENGTH = 44;

  static final int STREAM = 1;

  static final int REQUEST = 1;
  static final int RESPONSE = 2;
  static final int RST = 3;
  static final int SHUTDOWN = 4;
  static final int RW = 5;
  static final int CREDIT_UPDATE = 6;
  static final int CREDIT_REQUEST = 7;

  /** Flags of a shutdown: whoever sends it receives, or sends, no more. */
  static final int NO_RECEIVE = 1;

  static final int NO_SEND = 2;

  private static final int SOURCE_CID = 0x00;
  private static final int TARGET_CID = 0x08;
  private static final int SOURCE_PORT = 0x10;
  private static final int TARGET_PORT = 0x14;
  private static final int PAYLOAD = 0x18;
  private static final int TYPE = 0x1c;
  private static final int OPERATION = 0x1e;
  private static final int FLAGS = 0x20;
  private static final int BUFFER_SIZE = 0x24;
  private static final int FORWARDED = 0x28;
  private static final long MAX_U32 = 0xffff_ffffL;

  private final UnsafeBuffer bytes = NativeMemory.allocate(LENGTH);

  /** The header itself, {@link #LENGTH} bytes. */
  UnsafeBuffer bytes() {
    return bytes;
  }

  long sourceCid() {
    return bytes.getLong(SOURCE_CID);
  }

  long targetCid() {
    return bytes.getLong(TARGET_CID);
  }

  /** Ports have all 32 bits, so a negative one is none the less a port. */
  int sourcePort() {
    return bytes.getInt(SOURCE_PORT);
  }

  int targetPort() {
    return bytes.getInt(TARGET_PORT);
  }

  /** Bytes of payload that the packet says it has. */
  long payload() {
    return bytes.getInt(PAYLOAD) & MAX_U32;
  }

  int type() {
    return bytes.getShort(TYPE) & 0xffff;
  }

  int operation() {
    return bytes.getShort(OPERATION) & 0xffff;
  }

  int flags() {
    return bytes.getInt(FLAGS);
  }

  /** Bytes that the sender has room for in all. */
  long bufferSize() {
    return bytes.getInt(BUFFER_SIZE) & MAX_U32;
  }

  /** Bytes that the sender has passed on since the start, modulo 2^32. */
  int forwarded() {
    return bytes.getInt(FORWARDED);
  }

  /** Who it is from and to; all else is 0. */
  PacketHeader address(long sourceCid, int sourcePort, long targetCid, int targetPort) {
    bytes.setMemory(0, LENGTH, (byte) 0);
    bytes.putLong(SOURCE_CID, sourceCid);
    bytes.putLong(TARGET_CID, targetCid);
    bytes.putInt(SOURCE_PORT, sourcePort);
    bytes.putInt(TARGET_PORT, targetPort);
    return this;
  }

  PacketHeader operation(int type, int operation, int flags) {
    bytes.putShort(TYPE, (short) type);
    bytes.putShort(OPERATION, (short) operation);
    bytes.putInt(FLAGS, flags);
    return this;
  }

  PacketHeader payload(int length) {
    bytes.putInt(PAYLOAD, length);
    return this;
  }

  PacketHeader credit(int bufferSize, int forwarded) {
    bytes.putInt(BUFFER_SIZE, bufferSize);
    bytes.putInt(FORWARDED, forwarded);
    return this;
  }
}
