package javelin.passthrough.model.nvme;

/**
 * How commands end (NVM Express Base 1.4, 4.6.1): the status code type in bits 8 to 10 and the code
 * in bits 0 to 7, and {@link #NO_COMPLETION} for one that does not end now.
 */
final class Status {
  static final int SUCCESS = 0;
  static final int INVALID_OPCODE = 0x01;
  static final int INVALID_FIELD = 0x02;
  static final int DATA_TRANSFER_ERROR = 0x04;
  static final int INTERNAL_ERROR = 0x06;
  static final int INVALID_NAMESPACE = 0x0b;
  static final int INVALID_PRP_OFFSET = 0x13;
  static final int LBA_OUT_OF_RANGE = 0x80;
  static final int CAPACITY_EXCEEDED = 0x81;
  static final int COMPLETION_QUEUE_INVALID = 0x100;
  static final int INVALID_QUEUE_IDENTIFIER = 0x101;
  static final int INVALID_QUEUE_SIZE = 0x102;
  static final int TOO_MANY_EVENT_REQUESTS = 0x105;
  static final int INVALID_INTERRUPT_VECTOR = 0x108;
  static final int INVALID_LOG_PAGE = 0x109;
  static final int INVALID_QUEUE_DELETION = 0x10c;
  static final int WRITE_FAULT = 0x280;
  static final int UNRECOVERED_READ_ERROR = 0x281;

  static final int NO_COMPLETION = -1;

  private Status() {}
}
