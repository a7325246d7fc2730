package javelin.devices.virtio.vsock;

/** A packet, as the guest sees it. */
final class GuestPacket {
  static final int REQUEST = 1;
  static final int RESPONSE = 2;
  static final int RST = 3;
  static final int SHUTDOWN = 4;
  static final int RW = 5;
  static final int CREDIT_UPDATE = 6;
  static final int CREDIT_REQUEST = 7;

  private static final String[] NAMES = {
    "INVALID", "REQUEST", "RESPONSE", "RST", "SHUTDOWN", "RW", "CREDIT_UPDATE", "CREDIT_REQUEST"
  };

  final int sourcePort;
  final int targetPort;
  final int operation;
  final byte[] payload;
  long sourceCid = VsockBench.CID;
  long targetCid = 2;
  long length;
  int type = 1;
  int flags;
  long room = 64 << 10;
  long forwarded;

  private GuestPacket(int operation, int sourcePort, int targetPort, byte[] payload) {
    this.operation = operation;
    this.sourcePort = sourcePort;
    this.targetPort = targetPort;
    this.payload = payload;
    length = payload.length;
  }

  /** From the guest to the host, with plenty of room told. */
  static GuestPacket of(int operation, int sourcePort, int targetPort, byte... payload) {
    return new GuestPacket(operation, sourcePort, targetPort, payload);
  }

  GuestPacket flags(int newFlags) {
    flags = newFlags;
    return this;
  }

  GuestPacket credit(long newRoom, long newForwarded) {
    room = newRoom;
    forwarded = newForwarded;
    return this;
  }

  GuestPacket cids(long source, long target) {
    sourceCid = source;
    targetCid = target;
    return this;
  }

  GuestPacket type(int newType) {
    type = newType;
    return this;
  }

  GuestPacket length(long newLength) {
    length = newLength;
    return this;
  }

  /** Who it is from and to, and what it is: {@code "2:80>3:1000 RST"}. */
  String text() {
    return sourceCid
        + ":"
        + Integer.toUnsignedString(sourcePort)
        + ">"
        + targetCid
        + ":"
        + Integer.toUnsignedString(targetPort)
        + " "
        + NAMES[operation]
        + (flags == 0 ? "" : " " + flags);
  }
}
