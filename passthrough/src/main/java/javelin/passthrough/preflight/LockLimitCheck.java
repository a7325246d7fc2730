package javelin.passthrough.preflight;

import java.util.List;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/** Whether this process may pin the guest's RAM, all of which devices must find in its place. */
final class LockLimitCheck implements HostCheck {
  static final String TOPIC = "RLIMIT_MEMLOCK";

  /** Its bit in the sets of capabilities (linux/capability.h). */
  private static final int CAP_IPC_LOCK = 14;

  private static final int HEXADECIMAL = 16;

  private final HostFiles files;
  private final Linux linux;

  LockLimitCheck(HostFiles files, Linux linux) {
    this.files = files;
    this.linux = linux;
  }

  /** The hard limit counts: up to that, the soft one can be raised by anyone. */
  @Override
  public CheckResult check(GuestLayout guest) {
    if (isPrivileged()) {
      return CheckResult.good(TOPIC, "does not apply (CAP_IPC_LOCK)");
    }
    long limit = linux.hardLimit(Linux.RLIMIT_MEMLOCK);
    if (limit == Linux.RLIM_INFINITY) {
      return CheckResult.good(TOPIC, "unlimited");
    }
    return CheckResult.of(
        TOPIC,
        ByteSize.of(limit),
        Long.compareUnsigned(limit, guest.lockedBytes()) >= 0
            ? List.of()
            : List.of(tooLow(guest.lockedBytes(), limit)));
  }

  private boolean isPrivileged() {
    long effective =
        files
            .field("/proc/self/status", "CapEff")
            .map(text -> Long.parseUnsignedLong(text, HEXADECIMAL))
            .orElse(0L);
    return (effective >> CAP_IPC_LOCK & 1) != 0;
  }

  private Finding tooLow(long needed, long hard) {
    long soft = linux.softLimit(Linux.RLIMIT_MEMLOCK);
    return Finding.blocks(
        TOPIC,
        String.format(
            "pinning the guest's RAM needs %s, and the limit is %s (soft), %s (hard)",
            ByteSize.of(needed), ByteSize.of(soft), ByteSize.of(hard)),
        "raise it: ulimit -l unlimited (as root: prlimit --pid $$ --memlock=unlimited),"
            + " LimitMEMLOCK=infinity in the systemd unit, or the capability CAP_IPC_LOCK;"
            + " or run with less --memory");
  }
}
