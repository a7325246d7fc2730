package javelin.passthrough.model.nvme;

import org.agrona.concurrent.UnsafeBuffer;

/** The commands of I/O queues (NVM Express Base 1.4, chapter 6). For the device's lock. */
final class IoCommands {
  /** ONCS: dataset management and write zeroes. */
  static final int OPTIONAL = 1 << 2 | 1 << 3;

  private static final int FLUSH = 0x00;
  private static final int WRITE = 0x01;
  private static final int READ = 0x02;
  private static final int WRITE_ZEROES = 0x08;
  private static final int DATASET_MANAGEMENT = 0x09;

  private static final int FORCE_UNIT_ACCESS = 1 << 30;
  private static final int DEALLOCATE = 1 << 25;
  private static final int ATTRIBUTE_DEALLOCATE = 1 << 2;
  private static final int RANGE_LENGTH = 16;
  private static final int ALL_NAMESPACES = -1;

  private final Namespace namespace;
  private final DataBuffer data;

  IoCommands(Namespace namespace, DataBuffer data) {
    this.namespace = namespace;
    this.data = data;
  }

  /** Does a command; returns its status. */
  int handle(Entry command) {
    if (command.isUnusual()) {
      return Status.INVALID_FIELD;
    }
    if (command.namespace() != AdminCommands.NAMESPACE
        && !(command.namespace() == ALL_NAMESPACES && command.opcode() == FLUSH)) {
      return Status.INVALID_NAMESPACE;
    }
    return switch (command.opcode()) {
      case FLUSH -> namespace.flush();
      case READ -> read(command);
      case WRITE -> write(command);
      case WRITE_ZEROES -> writeZeroes(command);
      case DATASET_MANAGEMENT -> manage(command);
      default -> Status.INVALID_OPCODE;
    };
  }

  private static int count(Entry command) {
    return (command.dword(12) & 0xffff) + 1;
  }

  /** Where all of a command that moves data can be done: its bytes; else a status, negated. */
  private int length(Entry command) {
    int count = count(command);
    if (count > DataBuffer.CAPACITY / Namespace.BLOCK) {
      return -Status.INVALID_FIELD;
    }
    if (!namespace.contains(command.dwords10And11(), count)) {
      return -Status.LBA_OUT_OF_RANGE;
    }
    return count * Namespace.BLOCK;
  }

  private int read(Entry command) {
    int length = length(command);
    if (length < 0) {
      return -length;
    }
    int status = namespace.read(command.dwords10And11(), data.view(), length);
    return status == Status.SUCCESS ? data.toHost(command, length) : status;
  }

  private int write(Entry command) {
    int length = length(command);
    if (length < 0) {
      return -length;
    }
    int status = data.fromHost(command, length);
    if (status == Status.SUCCESS) {
      status = namespace.write(command.dwords10And11(), data.view(), length);
    }
    return flushed(command, status);
  }

  private int writeZeroes(Entry command) {
    long first = command.dwords10And11();
    if (!namespace.contains(first, count(command))) {
      return Status.LBA_OUT_OF_RANGE;
    }
    boolean keepsSpace = (command.dword(12) & DEALLOCATE) == 0;
    return flushed(command, namespace.zero(first, count(command), keepsSpace));
  }

  private int flushed(Entry command, int status) {
    boolean isForced = (command.dword(12) & FORCE_UNIT_ACCESS) != 0;
    return status == Status.SUCCESS && isForced ? namespace.flush() : status;
  }

  /** Ranges: u32 attributes, u32 blocks, u64 first block. Only giving back does anything. */
  private int manage(Entry command) {
    int ranges = (command.dword(10) & 0xff) + 1;
    int status = data.fromHost(command, ranges * RANGE_LENGTH);
    if (status != Status.SUCCESS || (command.dword(11) & ATTRIBUTE_DEALLOCATE) == 0) {
      return status;
    }
    UnsafeBuffer view = data.view();
    for (int i = 0; i < ranges && status == Status.SUCCESS; i++) {
      long blocks = Integer.toUnsignedLong(view.getInt(i * RANGE_LENGTH + Integer.BYTES));
      long first = view.getLong(i * RANGE_LENGTH + Long.BYTES);
      status =
          namespace.contains(first, blocks)
              ? namespace.deallocate(first, blocks)
              : Status.LBA_OUT_OF_RANGE;
    }
    return status;
  }
}
