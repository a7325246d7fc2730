package javelin.vmm.machine;

import java.util.List;

/**
 * A vCPU that cannot go on.
 *
 * @param vcpu its index
 * @param cause what happened
 * @param detail the sub-error of an internal error, the hardware's reason of a failed entry, or the
 *     number of an exit that nothing handles
 * @param data the data words that KVM gave with it
 */
public record VcpuCrash(int vcpu, Cause cause, long detail, List<Long> data) {
  /** What happened. */
  public enum Cause {
    TRIPLE_FAULT,
    INTERNAL_ERROR,
    FAIL_ENTRY,
    UNHANDLED_EXIT,
    RUN_FAILED
  }

  @Override
  public String toString() {
    return "vCPU " + vcpu + ": " + cause + " (0x" + Long.toHexString(detail) + ")";
  }
}
