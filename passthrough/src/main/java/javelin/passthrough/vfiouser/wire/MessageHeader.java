package javelin.passthrough.vfiouser.wire;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * The header of each message (vfio-user, "Header"), in the host's byte order.
 *
 * <pre>
 *  0   2   4       8       12      16
 * +---+---+-------+-------+-------+----
 * |id |cmd| size  | flags | errno | payload ...
 * +---+---+-------+-------+-------+----
 * </pre>
 *
 * <p>The size is the whole message's. Of the flags, bits 0 to 3 are the type (0 a command, 1 a
 * reply), bit 4 says that no reply is wanted, bit 5 that the command failed.
 */
public final class MessageHeader {
  /** Bytes of the header, which the payload follows. */
  public static final int LENGTH = 16;

  private static final int ID = 0;
  private static final int COMMAND = 2;
  private static final int SIZE = 4;
  private static final int FLAGS = 8;
  private static final int ERRNO = 12;
  private static final int TYPE_MASK = 0xf;
  private static final int TYPE_COMMAND = 0;
  private static final int TYPE_REPLY = 1;
  private static final int FLAG_NO_REPLY = 1 << 4;
  private static final int FLAG_ERROR = 1 << 5;
  private static final int U16 = 0xffff;

  private MessageHeader() {}

  /** Writes the header of a command; {@code size} is the whole message's. */
  public static void putCommand(UnsafeBuffer message, int id, Command command, int size) {
    put(message, id, command.number(), size, TYPE_COMMAND, 0);
  }

  /** Writes the header of a reply. */
  public static void putReply(UnsafeBuffer message, int id, int command, int size) {
    put(message, id, command, size, TYPE_REPLY, 0);
  }

  /** Writes a reply, all of it, that says that a command failed. */
  public static void putError(UnsafeBuffer message, int id, int command, int errno) {
    put(message, id, command, LENGTH, TYPE_REPLY | FLAG_ERROR, errno);
  }

  private static void put(
      UnsafeBuffer message, int id, int command, int size, int flags, int errno) {
    message.putShort(ID, (short) id);
    message.putShort(COMMAND, (short) command);
    message.putInt(SIZE, size);
    message.putInt(FLAGS, flags);
    message.putInt(ERRNO, errno);
  }

  /** The sender's number for a command, 0 to 65535; its reply has the same. */
  public static int id(UnsafeBuffer message) {
    return message.getShort(ID) & U16;
  }

  /** The command's number. */
  public static int command(UnsafeBuffer message) {
    return message.getShort(COMMAND) & U16;
  }

  /** Bytes of the whole message. */
  public static long size(UnsafeBuffer message) {
    return Integer.toUnsignedLong(message.getInt(SIZE));
  }

  /** Whether it is a command. */
  public static boolean isCommand(UnsafeBuffer message) {
    return (message.getInt(FLAGS) & TYPE_MASK) == TYPE_COMMAND;
  }

  /** Whether it is a reply. */
  public static boolean isReply(UnsafeBuffer message) {
    return (message.getInt(FLAGS) & TYPE_MASK) == TYPE_REPLY;
  }

  /** Whether a command wants a reply. */
  public static boolean wantsReply(UnsafeBuffer message) {
    return (message.getInt(FLAGS) & FLAG_NO_REPLY) == 0;
  }

  /** Whether a reply says that its command failed. */
  public static boolean isError(UnsafeBuffer message) {
    return (message.getInt(FLAGS) & FLAG_ERROR) != 0;
  }

  /** The error of such a reply, as the sender has put it there. */
  public static int errno(UnsafeBuffer message) {
    return message.getInt(ERRNO);
  }
}
