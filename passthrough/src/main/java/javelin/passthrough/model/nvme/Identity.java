package javelin.passthrough.model.nvme;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.agrona.concurrent.UnsafeBuffer;

/** What Identify says (NVM Express Base 1.4, 5.15.2). */
final class Identity {
  /** Bytes of each of its structures. */
  static final int LENGTH = 4096;

  private static final int VENDOR = 0x1234;
  private static final String MODEL = "Javelin NVMe";
  private static final String FIRMWARE = "1";
  private static final int MOST_EVENT_REQUESTS_LESS_1 = AdminCommands.MOST_EVENTS - 1;

  /** 2^6 and 2^4 bytes, at most and at least. */
  private static final int SUBMISSION_ENTRY = 0x66;

  private static final int COMPLETION_ENTRY = 0x44;
  private static final int UUID_TYPE = 3;
  private static final int UUID_LENGTH = 16;

  private final String serial;
  private final UUID uuid;
  private final Namespace namespace;

  /**
   * @param serial up to 20 characters
   */
  Identity(String serial, Namespace namespace) {
    this.serial = serial;
    this.namespace = namespace;
    uuid = UUID.nameUUIDFromBytes((MODEL + serial).getBytes(StandardCharsets.US_ASCII));
  }

  /** The controller, figure 247. */
  void controller(UnsafeBuffer to) {
    to.putShort(0, (short) VENDOR);
    to.putShort(2, (short) VENDOR);
    text(to, 4, 20, serial);
    text(to, 24, 40, MODEL);
    text(to, 64, 8, FIRMWARE);
    to.putByte(77, (byte) DataBuffer.MOST_PAGES_LOG2);
    to.putInt(80, NvmeModel.VERSION);
    to.putByte(111, (byte) 1); // An I/O controller.
    to.putByte(258, (byte) 3); // Commands that Abort may be under way for, less 1.
    to.putByte(259, (byte) MOST_EVENT_REQUESTS_LESS_1);
    to.putByte(260, (byte) 3); // One firmware slot, which is read-only.
    to.putByte(512, (byte) SUBMISSION_ENTRY);
    to.putByte(513, (byte) COMPLETION_ENTRY);
    to.putInt(516, 1); // One namespace.
    to.putShort(520, (short) IoCommands.OPTIONAL);
    to.putByte(525, (byte) 1); // A write cache, that of the host.
    text(to, 768, 0, "nqn.2014-08.org.nvmexpress:uuid:" + uuid);
  }

  /** The namespace, figure 245. */
  void namespace(UnsafeBuffer to) {
    to.putLong(0, namespace.blocks());
    to.putLong(8, namespace.blocks());
    to.putLong(16, namespace.blocks());
    to.putByte(24, (byte) 1); // Blocks can be given back.
    to.putByte(130, (byte) Namespace.BLOCK_LOG2);
  }

  /** The namespace's identifiers, figure 246: one, a UUID. */
  void descriptors(UnsafeBuffer to) {
    to.putByte(0, (byte) UUID_TYPE);
    to.putByte(1, (byte) UUID_LENGTH);
    to.putLong(4, Long.reverseBytes(uuid.getMostSignificantBits()));
    to.putLong(12, Long.reverseBytes(uuid.getLeastSignificantBits()));
  }

  /** ASCII, padded with blanks to {@code length}. */
  private static void text(UnsafeBuffer to, int at, int length, String text) {
    to.setMemory(at, length, (byte) ' ');
    to.putStringWithoutLengthAscii(at, text);
  }
}
