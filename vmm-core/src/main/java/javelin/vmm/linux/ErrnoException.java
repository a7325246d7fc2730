package javelin.vmm.linux;

/** A system call that failed: the call, what it was about, and the error by name. */
public final class ErrnoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String subject;
  private final int errno;

  /**
   * @param call the call's name, such as {@code "KVM_CREATE_VM"}
   * @param subject what it was about, such as a path; empty where the call says it all
   * @param errno the positive error number
   */
  public ErrnoException(String call, String subject, int errno) {
    super(call + (subject.isEmpty() ? "" : " " + subject) + ": " + Errno.describe(errno));
    this.subject = subject;
    this.errno = errno;
  }

  /** What the call was about. */
  public String subject() {
    return subject;
  }

  /** The positive error number. */
  public int errno() {
    return errno;
  }

  /** Whether the error is {@code candidate}. */
  public boolean is(Errno candidate) {
    return candidate.number() == errno;
  }
}
