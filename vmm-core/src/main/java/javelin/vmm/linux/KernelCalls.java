package javelin.vmm.linux;

import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.NativeMethod;
import com.kenai.jffi.NativeMethods;
import com.kenai.jffi.PageManager;
import java.util.HexFormat;
import java.util.List;

/**
 * System calls of x86-64 Linux, without a library between: the native methods below are bound to a
 * few bytes of machine code, which move the arguments from where the JNI has them (System V ABI:
 * RDX, RCX, R8, R9, then the stack, behind the environment and the class) to where the kernel wants
 * them (RAX, RDI, RSI, RDX, R10, R8, R9; syscall(2)). The kernel itself answers {@code -errno}, so
 * no errno has to be saved before the JVM disturbs it.
 *
 * <p>Nothing is generated at run time but these bytes: the class and all that binds it come out of
 * the class archive, which is most of what makes the start of a guest fast.
 */
final class KernelCalls {
  static final int READ = 0;
  static final int WRITE = 1;
  static final int OPEN = 2;
  static final int CLOSE = 3;
  static final int POLL = 7;
  static final int LSEEK = 8;
  static final int MMAP = 9;
  static final int MUNMAP = 11;
  static final int RT_SIGACTION = 13;
  static final int IOCTL = 16;
  static final int PREAD64 = 17;
  static final int PWRITE64 = 18;
  static final int READV = 19;
  static final int WRITEV = 20;
  static final int MADVISE = 28;
  static final int GETPID = 39;
  static final int SENDMSG = 46;
  static final int RECVMSG = 47;
  static final int FCNTL = 72;
  static final int FLOCK = 73;
  static final int FDATASYNC = 75;
  static final int FTRUNCATE = 77;
  static final int UNLINK = 87;
  static final int MLOCK = 149;
  static final int GETTID = 186;
  static final int CLOCK_GETTIME = 228;
  static final int EPOLL_WAIT = 232;
  static final int EPOLL_CTL = 233;
  static final int TGKILL = 234;
  static final int TIMERFD_CREATE = 283;
  static final int FALLOCATE = 285;
  static final int TIMERFD_SETTIME = 286;
  static final int EVENTFD2 = 290;
  static final int EPOLL_CREATE1 = 291;
  static final int PREADV = 295;
  static final int PWRITEV = 296;
  static final int GETRANDOM = 318;
  static final int MEMFD_CREATE = 319;
  static final int PREADV2 = 327;
  static final int IO_URING_SETUP = 425;
  static final int IO_URING_ENTER = 426;
  static final int IO_URING_REGISTER = 427;

  private static final String THREE_ARGUMENTS =
      "4889d0" // mov rax, rdx
          + "4889cf" // mov rdi, rcx
          + "4c89c6" // mov rsi, r8
          + "4c89ca"; // mov rdx, r9

  private static final String THREE_MORE =
      "4c8b542408" // mov r10, [rsp + 8]
          + "4c8b442410" // mov r8, [rsp + 16]
          + "4c8b4c2418"; // mov r9, [rsp + 24]

  private static final String SYSTEM_CALL = "0f05"; // syscall
  private static final String RETURN = "c3"; // ret

  /** What a signal handler returns to: rt_sigreturn(2), which is number 15. */
  private static final String SIGNAL_RETURN =
      "b80f000000" // mov eax, 15
          + SYSTEM_CALL;

  /** What is called, in hexadecimal; a signal handler that does nothing is the third. */
  private static final List<String> ROUTINES =
      List.of(
          THREE_ARGUMENTS + SYSTEM_CALL + RETURN,
          THREE_ARGUMENTS + THREE_MORE + SYSTEM_CALL + RETURN,
          RETURN,
          SIGNAL_RETURN);

  private static final int CODE_ALIGNMENT = 64;

  private static final long CODE = codePage();

  /** Process address of a signal handler that does nothing, so no Java runs in signal context. */
  static final long NO_HANDLER = CODE + 2 * CODE_ALIGNMENT;

  /** Process address of the code that a signal handler returns to (SA_RESTORER). */
  static final long RESTORER = CODE + 3 * CODE_ALIGNMENT;

  static {
    NativeMethods.register(
        KernelCalls.class,
        List.of(
            new NativeMethod(CODE, "call", "(JJJJ)J"),
            new NativeMethod(CODE + CODE_ALIGNMENT, "call", "(JJJJJJJ)J")));
  }

  /** A page with the code, which can be executed and no longer written. It stays for good. */
  private static long codePage() {
    PageManager pages = PageManager.getInstance();
    long page = pages.allocatePages(1, PageManager.PROT_READ | PageManager.PROT_WRITE);
    long at = page;
    for (String routine : ROUTINES) {
      byte[] code = HexFormat.of().parseHex(routine);
      MemoryIO.getInstance().putByteArray(at, code, 0, code.length);
      at += CODE_ALIGNMENT;
    }
    pages.protectPages(page, 1, PageManager.PROT_READ | PageManager.PROT_EXEC);
    return page;
  }

  /** The system call {@code number} with up to three arguments; {@code -errno} where it fails. */
  static native long call(long number, long first, long second, long third);

  /** The system call {@code number} with up to six arguments; {@code -errno} where it fails. */
  static native long call(
      long number, long first, long second, long third, long fourth, long fifth, long sixth);

  private KernelCalls() {}
}
