package javelin.passthrough.model.nvme;

import javelin.passthrough.model.ModelHost;
import javelin.passthrough.vfio.VfioIrq;

/** The queues of a controller, and its interrupts. For the device's lock. */
final class Queues {
  /** Pairs of I/O queues. */
  static final int MOST_IO = 8;

  /** Entries of a queue (CAP.MQES, plus 1). */
  static final int MOST_ENTRIES = 1024;

  /** One for each completion queue. */
  static final int VECTORS = MOST_IO + 1;

  private static final int U16 = 0xffff;
  private static final int CONTIGUOUS = 1;
  private static final int INTERRUPTS = 1 << 1;

  private final ModelHost host;
  private final SubmissionQueue[] submissions = new SubmissionQueue[MOST_IO + 1];
  private final CompletionQueue[] completions = new CompletionQueue[MOST_IO + 1];

  /** INTMS and INTMC: of the pin, bit 0 counts. */
  private int mask;

  Queues(ModelHost host) {
    this.host = host;
  }

  /** Makes the admin queues. */
  void enable(long submissionAddress, int submissionSize, long completionAddress, int size) {
    completions[0] = new CompletionQueue(host, completionAddress, size, true, 0);
    submissions[0] =
        new SubmissionQueue(host, 0, submissionAddress, submissionSize, completions[0]);
  }

  /** Forgets all queues. */
  void disable() {
    for (int i = 0; i <= MOST_IO; i++) {
      submissions[i] = null;
      completions[i] = null;
    }
    mask = 0;
    drivePin();
  }

  int mask() {
    return mask;
  }

  void mask(int newMask) {
    mask = newMask;
    drivePin();
  }

  /** The queue that the next command is to be taken from; null where there is none. */
  SubmissionQueue ready(int after) {
    for (int i = 1; i <= submissions.length; i++) {
      SubmissionQueue queue = submissions[(after + i) % submissions.length];
      if (queue != null && queue.isReady()) {
        return queue;
      }
    }
    return null;
  }

  /** Whether a queue is there still; the host may have taken it away while a command was done. */
  boolean has(SubmissionQueue queue) {
    return submissions[queue.number()] == queue;
  }

  /** A doorbell of a submission queue; one that is not there is ignored. */
  void tail(int number, long value) {
    if (number <= MOST_IO && submissions[number] != null) {
      submissions[number].tail(value);
    }
  }

  /** A doorbell of a completion queue. */
  void head(int number, long value) {
    if (number <= MOST_IO && completions[number] != null) {
      completions[number].head(value);
      drivePin();
    }
  }

  /** Ends a command of {@code from}. */
  void complete(SubmissionQueue from, int identifier, int status, int result) {
    CompletionQueue queue = from.completions();
    queue.post(from, identifier, status, result);
    if (!queue.interrupts()) {
      return;
    }
    if (host.isOn(VfioIrq.MSIX)) {
      host.message(VfioIrq.MSIX, queue.vector());
    } else {
      drivePin();
    }
  }

  private void drivePin() {
    boolean isWaiting = false;
    for (CompletionQueue queue : completions) {
      isWaiting |= queue != null && queue.isWaiting();
    }
    host.pin(isWaiting && (mask & 1) == 0 && !host.isOn(VfioIrq.MSIX));
  }

  int createCompletion(Entry command) {
    int number = command.dword(10) & U16;
    int size = (command.dword(10) >>> 16) + 1;
    int flags = command.dword(11);
    int vector = flags >>> 16;
    if (number == 0 || number > MOST_IO || completions[number] != null) {
      return Status.INVALID_QUEUE_IDENTIFIER;
    }
    int status = check(command, size);
    if (status != Status.SUCCESS) {
      return status;
    }
    if (vector >= VECTORS) {
      return Status.INVALID_INTERRUPT_VECTOR;
    }
    completions[number] =
        new CompletionQueue(host, command.prp1(), size, (flags & INTERRUPTS) != 0, vector);
    return Status.SUCCESS;
  }

  private static int check(Entry command, int size) {
    if (size < 2 || size > MOST_ENTRIES) {
      return Status.INVALID_QUEUE_SIZE;
    }
    if ((command.dword(11) & CONTIGUOUS) == 0) {
      return Status.INVALID_FIELD;
    }
    return (command.prp1() & (DataBuffer.PAGE - 1)) != 0
        ? Status.INVALID_PRP_OFFSET
        : Status.SUCCESS;
  }

  int createSubmission(Entry command) {
    int number = command.dword(10) & U16;
    int size = (command.dword(10) >>> 16) + 1;
    int completion = command.dword(11) >>> 16;
    if (completion == 0 || completion > MOST_IO || completions[completion] == null) {
      return Status.COMPLETION_QUEUE_INVALID;
    }
    if (number == 0 || number > MOST_IO || submissions[number] != null) {
      return Status.INVALID_QUEUE_IDENTIFIER;
    }
    int status = check(command, size);
    if (status == Status.SUCCESS) {
      submissions[number] =
          new SubmissionQueue(host, number, command.prp1(), size, completions[completion]);
    }
    return status;
  }

  int deleteSubmission(int number) {
    if (number == 0 || number > MOST_IO || submissions[number] == null) {
      return Status.INVALID_QUEUE_IDENTIFIER;
    }
    submissions[number] = null;
    return Status.SUCCESS;
  }

  int deleteCompletion(int number) {
    if (number == 0 || number > MOST_IO || completions[number] == null) {
      return Status.INVALID_QUEUE_IDENTIFIER;
    }
    for (SubmissionQueue queue : submissions) {
      if (queue != null && queue.completions() == completions[number]) {
        return Status.INVALID_QUEUE_DELETION;
      }
    }
    completions[number] = null;
    drivePin();
    return Status.SUCCESS;
  }
}
