package javelin.passthrough.model.nvme;

import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/** The commands of the admin queue (NVM Express Base 1.4, chapter 5). For the device's lock. */
final class AdminCommands {
  /** The one namespace. */
  static final int NAMESPACE = 1;

  /** Requests for events that may wait. */
  static final int MOST_EVENTS = 4;

  private static final int DELETE_SUBMISSION_QUEUE = 0x00;
  private static final int CREATE_SUBMISSION_QUEUE = 0x01;
  private static final int GET_LOG_PAGE = 0x02;
  private static final int DELETE_COMPLETION_QUEUE = 0x04;
  private static final int CREATE_COMPLETION_QUEUE = 0x05;
  private static final int IDENTIFY = 0x06;
  private static final int ABORT = 0x08;
  private static final int SET_FEATURES = 0x09;
  private static final int GET_FEATURES = 0x0a;
  private static final int ASYNC_EVENT_REQUEST = 0x0c;

  private static final int U16 = 0xffff;
  private static final int LOG_ERRORS = 1;
  private static final int LOG_HEALTH = 2;
  private static final int LOG_FIRMWARE = 3;
  private static final int HEALTH_KELVIN = 313;

  /**
   * Features that are numbers: arbitration to async event configuration, without what is absent.
   */
  private static final int FEATURE_POWER = 0x02;

  private static final int FEATURE_LBA_RANGES = 0x03;
  private static final int FEATURE_WRITE_CACHE = 0x06;
  private static final int FEATURE_QUEUES = 0x07;
  private static final int LAST_FEATURE = 0x0b;

  private final Queues queues;
  private final Identity identity;
  private final DataBuffer data;
  private final int[] features = new int[LAST_FEATURE + 1];

  /** How many commands wait for an event, none of which ever comes. */
  private int waiting;

  /** Dword 0 of the completion. */
  private int result;

  AdminCommands(Queues queues, Identity identity, DataBuffer data) {
    this.queues = queues;
    this.identity = identity;
    this.data = data;
    reset();
  }

  /** As after a reset of the controller. */
  void reset() {
    waiting = 0;
    Arrays.fill(features, 0);
    features[FEATURE_WRITE_CACHE] = 1;
  }

  int result() {
    return result;
  }

  /** Does a command; returns its status. */
  int handle(Entry command) {
    result = 0;
    if (command.isUnusual()) {
      return Status.INVALID_FIELD;
    }
    return switch (command.opcode()) {
      case DELETE_SUBMISSION_QUEUE -> queues.deleteSubmission(command.dword(10) & U16);
      case CREATE_SUBMISSION_QUEUE -> queues.createSubmission(command);
      case DELETE_COMPLETION_QUEUE -> queues.deleteCompletion(command.dword(10) & U16);
      case CREATE_COMPLETION_QUEUE -> queues.createCompletion(command);
      case GET_LOG_PAGE -> log(command);
      case IDENTIFY -> identify(command);
      case ABORT -> abort();
      case SET_FEATURES -> setFeature(command);
      case GET_FEATURES -> getFeature(command);
      case ASYNC_EVENT_REQUEST -> waitForEvent();
      default -> Status.INVALID_OPCODE;
    };
  }

  private int identify(Entry command) {
    UnsafeBuffer to = data.cleared(Identity.LENGTH);
    int number = command.namespace();
    switch (command.dword(10) & 0xff) {
      case 0 -> {
        if (number != NAMESPACE) {
          return Status.INVALID_NAMESPACE;
        }
        identity.namespace(to);
      }
      case 1 -> identity.controller(to);
      case 2 -> {
        if (Integer.compareUnsigned(number, 0xffff_fffe) >= 0) {
          return Status.INVALID_NAMESPACE;
        }
        // Those above a number.
        to.putInt(0, number == 0 ? NAMESPACE : 0);
      }
      case 3 -> {
        if (number != NAMESPACE) {
          return Status.INVALID_NAMESPACE;
        }
        identity.descriptors(to);
      }
      default -> {
        return Status.INVALID_FIELD;
      }
    }
    return data.toHost(command, Identity.LENGTH);
  }

  private int log(Entry command) {
    int dwords = (command.dword(10) >>> 16 & U16) | (command.dword(11) & U16) << 16;
    long length = (Integer.toUnsignedLong(dwords) + 1) * Integer.BYTES;
    long offset = (command.dword(12) & 0xffff_fffcL) | (long) command.dword(13) << 32;
    if (offset < 0 || length > Identity.LENGTH || offset > Identity.LENGTH - length) {
      return Status.INVALID_FIELD;
    }
    UnsafeBuffer to = data.cleared(Identity.LENGTH);
    switch (command.dword(10) & 0xff) {
      case LOG_ERRORS -> {}
      case LOG_HEALTH -> {
        to.putShort(1, (short) HEALTH_KELVIN);
        to.putByte(3, (byte) 100); // Spare, in percent.
      }
      case LOG_FIRMWARE -> {
        to.putByte(0, (byte) 1);
        to.putByte(8, (byte) '1');
      }
      default -> {
        return Status.INVALID_LOG_PAGE;
      }
    }
    if (offset != 0) {
      to.putBytes(0, to, (int) offset, (int) length);
    }
    return data.toHost(command, (int) length);
  }

  /** Whatever it was, it is done, or waits for ever: it was not aborted. */
  private int abort() {
    result = 1;
    return Status.SUCCESS;
  }

  private static boolean hasFeature(int number) {
    return number >= 1 && number <= LAST_FEATURE && number != FEATURE_LBA_RANGES;
  }

  private int setFeature(Entry command) {
    int number = command.dword(10) & 0xff;
    int value = command.dword(11);
    if (!hasFeature(number)) {
      return Status.INVALID_FIELD;
    }
    if (number == FEATURE_QUEUES) {
      if ((value & U16) == U16 || (value >>> 16) == U16) {
        return Status.INVALID_FIELD;
      }
      result = queueCounts();
    } else if (number == FEATURE_POWER && (value & 0x1f) != 0) {
      return Status.INVALID_FIELD;
    } else {
      features[number] = value;
    }
    return Status.SUCCESS;
  }

  private int getFeature(Entry command) {
    int number = command.dword(10) & 0xff;
    if (!hasFeature(number)) {
      return Status.INVALID_FIELD;
    }
    result = number == FEATURE_QUEUES ? queueCounts() : features[number];
    return Status.SUCCESS;
  }

  private static int queueCounts() {
    return (Queues.MOST_IO - 1) << 16 | (Queues.MOST_IO - 1);
  }

  private int waitForEvent() {
    if (waiting == MOST_EVENTS) {
      return Status.TOO_MANY_EVENT_REQUESTS;
    }
    waiting++;
    return Status.NO_COMPLETION;
  }
}
