package javelin.passthrough.model.nvme;

import javelin.passthrough.model.ModelHost;

/** A submission queue in the host's memory. */
final class SubmissionQueue {
  private final ModelHost host;
  private final int number;
  private final long address;
  private final int size;
  private final CompletionQueue completions;
  private int head;
  private int tail;

  /**
   * @param number 0 for the admin queue
   * @param size entries
   */
  SubmissionQueue(ModelHost host, int number, long address, int size, CompletionQueue completions) {
    this.host = host;
    this.number = number;
    this.address = address;
    this.size = size;
    this.completions = completions;
  }

  int number() {
    return number;
  }

  int head() {
    return head;
  }

  CompletionQueue completions() {
    return completions;
  }

  /** The host has put in all before {@code newTail}; a place outside of the queue is ignored. */
  void tail(long newTail) {
    if (newTail >= 0 && newTail < size) {
      tail = (int) newTail;
    }
  }

  /** Whether a command waits and there is room for its completion. */
  boolean isReady() {
    return head != tail && !completions.isFull();
  }

  /** Takes the next command; returns whether there is memory where it should be. */
  boolean take(Entry entry) {
    long at = address + (long) head * Entry.LENGTH;
    head = (head + 1) % size;
    return host.readMemory(at, entry.bytes());
  }
}
