package javelin.vmm.linux;

/**
 * The signal that takes a thread out of KVM_RUN: SIGRTMIN+1, free in HotSpot on 17 to 25, with a
 * handler that does nothing. The caller sets {@code kvm_run.immediate_exit} first, which closes the
 * race with a thread that is about to enter (Documentation/virt/kvm/api.rst, 5, immediate_exit).
 */
public final class KickSignal {
  private final Syscalls syscalls;
  private final int signal;
  private final int pid;

  /** Installs the handler; doing so again is harmless. */
  public KickSignal(Linux linux) {
    syscalls = linux.syscalls();
    signal = syscalls.firstRealtimeSignal() + 1;
    pid = syscalls.getpid();
    Linux.check(syscalls.ignoreByHandler(signal), "sigaction", "signal " + signal);
  }

  /** The kernel's id of the calling thread, to be published to those who kick it. */
  public int currentThread() {
    return syscalls.gettid();
  }

  /**
   * Interrupts the system call that {@code tid} is in, if any; a thread that has ended is no error.
   */
  public void send(int tid) {
    int result = syscalls.tgkill(pid, tid, signal);
    if (result < 0 && !Errno.ESRCH.is(result)) {
      throw new ErrnoException("tgkill", "thread " + tid, -result);
    }
  }
}
