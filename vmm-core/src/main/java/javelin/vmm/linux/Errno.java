package javelin.vmm.linux;

/**
 * Error numbers of Linux on x86-64 (uapi asm-generic/errno-base.h, errno.h) by name and meaning.
 */
public enum Errno {
  EPERM(1, "operation not permitted"),
  ENOENT(2, "no such file or directory"),
  ESRCH(3, "no such process"),
  EINTR(4, "interrupted"),
  EIO(5, "input/output error"),
  ENXIO(6, "no such device or address"),
  E2BIG(7, "argument list too long"),
  ENOEXEC(8, "exec format error"),
  EBADF(9, "bad file descriptor"),
  ECHILD(10, "no child processes"),
  EAGAIN(11, "resource temporarily unavailable"),
  ENOMEM(12, "cannot allocate memory"),
  EACCES(13, "permission denied"),
  EFAULT(14, "bad address"),
  ENOTBLK(15, "block device required"),
  EBUSY(16, "device or resource busy"),
  EEXIST(17, "file exists"),
  EXDEV(18, "invalid cross-device link"),
  ENODEV(19, "no such device"),
  ENOTDIR(20, "not a directory"),
  EISDIR(21, "is a directory"),
  EINVAL(22, "invalid argument"),
  ENFILE(23, "too many open files in the system"),
  EMFILE(24, "too many open files in the process"),
  ENOTTY(25, "inappropriate ioctl for the device"),
  ETXTBSY(26, "text file busy"),
  EFBIG(27, "file too large"),
  ENOSPC(28, "no space left on the device"),
  ESPIPE(29, "illegal seek"),
  EROFS(30, "read-only file system"),
  EMLINK(31, "too many links"),
  EPIPE(32, "broken pipe"),
  EDOM(33, "argument out of domain"),
  ERANGE(34, "result out of range"),
  EDEADLK(35, "resource deadlock avoided"),
  ENAMETOOLONG(36, "file name too long"),
  ENOSYS(38, "function not implemented"),
  ELOOP(40, "too many levels of symbolic links"),
  ENODATA(61, "no data available"),
  EPROTO(71, "protocol error"),
  EOVERFLOW(75, "value too large for the data type"),
  EBADFD(77, "file descriptor in bad state"),
  EOPNOTSUPP(95, "operation not supported"),
  EAFNOSUPPORT(97, "address family not supported"),
  EADDRINUSE(98, "address already in use"),
  EADDRNOTAVAIL(99, "cannot assign the requested address"),
  ECONNRESET(104, "connection reset by the peer"),
  ENOTCONN(107, "not connected"),
  ETIMEDOUT(110, "timed out"),
  ECONNREFUSED(111, "connection refused"),
  EALREADY(114, "operation already in progress"),
  EINPROGRESS(115, "operation in progress");

  private static final Errno[] BY_NUMBER = new Errno[134];

  static {
    for (Errno errno : values()) {
      BY_NUMBER[errno.number] = errno;
    }
  }

  private final int number;
  private final String text;

  Errno(int number, String text) {
    this.number = number;
    this.text = text;
  }

  /** The positive error number. */
  public int number() {
    return number;
  }

  /** The meaning in a few words. */
  public String text() {
    return text;
  }

  /** {@code "ENOMEM (cannot allocate memory)"}, or {@code "errno 200"} for one without a name. */
  public static String describe(int number) {
    Errno errno = number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    return errno == null ? "errno " + number : errno.name() + " (" + errno.text + ")";
  }

  /** Whether {@code result}, as {@link Syscalls} returns it, is this error. */
  public boolean is(long result) {
    return result == -number;
  }
}
