package javelin.vmm.kvm;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeSyscalls;

/** Skips a test, with the reason in words, where /dev/kvm cannot be used. */
public final class KvmAvailable {
  private static final String DEVICE = "/dev/kvm";

  /** Skips the calling test where KVM cannot be used. */
  public static void assumeKvm() {
    Optional<String> reason = whyNot();
    assumeTrue(reason.isEmpty(), () -> "skipped: " + reason.orElseThrow());
  }

  /** Why KVM cannot be used; empty where it can. */
  public static Optional<String> whyNot() {
    NativeSyscalls syscalls = NativeSyscalls.INSTANCE;
    int result = syscalls.open(DEVICE, Linux.O_RDWR | Linux.O_CLOEXEC, 0);
    if (result >= 0) {
      syscalls.close(result);
      return Optional.empty();
    }
    if (Errno.ENOENT.is(result) || Errno.ENODEV.is(result) || Errno.ENXIO.is(result)) {
      return Optional.of(DEVICE + " is missing: this host has no KVM, or its module is not loaded");
    }
    if (Errno.EACCES.is(result) || Errno.EPERM.is(result)) {
      return Optional.of(
          String.format(
              "user %s may not open %s: join the group kvm, or run as root",
              System.getProperty("user.name"), DEVICE));
    }
    return Optional.of(DEVICE + " cannot be opened: " + Errno.describe(-result));
  }

  private KvmAvailable() {}
}
