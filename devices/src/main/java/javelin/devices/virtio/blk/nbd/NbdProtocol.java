package javelin.devices.virtio.blk.nbd;

/**
 * Numbers of the NBD protocol (doc/proto.md of the NBD project); all of them are sent in network
 * byte order.
 */
final class NbdProtocol {
  // The handshake: "Newstyle negotiation".
  static final long NBDMAGIC = 0x4e42_444d_4147_4943L;
  static final long IHAVEOPT = 0x4948_4156_454f_5054L;
  static final long OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9L;
  static final int FLAG_FIXED_NEWSTYLE = 1;
  static final int FLAG_NO_ZEROES = 1 << 1;
  static final int OPT_GO = 7;
  static final int REP_ACK = 1;
  static final int REP_INFO = 3;
  static final int REP_FLAG_ERROR = 1 << 31;
  static final int REP_ERR_UNSUP = REP_FLAG_ERROR | 1;
  static final int REP_ERR_POLICY = REP_FLAG_ERROR | 2;
  static final int REP_ERR_TLS_REQD = REP_FLAG_ERROR | 5;
  static final int REP_ERR_UNKNOWN = REP_FLAG_ERROR | 6;
  static final int INFO_EXPORT = 0;
  static final int INFO_BLOCK_SIZE = 3;

  // Flags of an export: "Transmission flags".
  static final int READ_ONLY = 1 << 1;
  static final int SEND_FLUSH = 1 << 2;
  static final int SEND_FUA = 1 << 3;
  static final int SEND_TRIM = 1 << 5;
  static final int SEND_WRITE_ZEROES = 1 << 6;
  static final int CAN_MULTI_CONN = 1 << 8;

  // Requests: u32 magic, u16 flags, u16 type, u64 handle, u64 offset, u32 length.
  static final int REQUEST_MAGIC = 0x2560_9513;
  static final int REQUEST_LENGTH = 28;
  static final int REQUEST_FLAGS = 4;
  static final int REQUEST_TYPE = 6;
  static final int REQUEST_HANDLE = 8;
  static final int REQUEST_OFFSET = 16;
  static final int REQUEST_BYTES = 24;
  static final int CMD_READ = 0;
  static final int CMD_WRITE = 1;
  static final int CMD_DISC = 2;
  static final int CMD_FLUSH = 3;
  static final int CMD_TRIM = 4;
  static final int CMD_WRITE_ZEROES = 6;
  static final int CMD_FLAG_FUA = 1;
  static final int CMD_FLAG_NO_HOLE = 1 << 1;

  // Simple replies: u32 magic, u32 error, u64 handle; data follows those to reads.
  static final int REPLY_MAGIC = 0x6744_6698;
  static final int REPLY_LENGTH = 16;
  static final int REPLY_ERROR = 4;
  static final int REPLY_HANDLE = 8;

  private NbdProtocol() {}
}
