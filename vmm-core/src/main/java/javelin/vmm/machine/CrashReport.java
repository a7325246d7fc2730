package javelin.vmm.machine;

import java.util.ArrayList;
import java.util.List;
import javelin.vmm.kvm.KvmSregs.Segment;

/**
 * What a kernel developer needs of a vCPU that cannot go on: the cause, and where it stands.
 *
 * @param crash what happened
 * @param state the vCPU then
 */
public record CrashReport(VcpuCrash crash, VcpuReport state) {
  private static final long RESET_RIP = 0xfff0;
  private static final long RESET_CS_BASE = 0xffff_0000L;

  /** The report, of several lines, without a line break at its end. */
  public String text() {
    List<String> lines = new ArrayList<>();
    List<String> cause = CrashCause.describe(crash);
    lines.add("vCPU " + crash.vcpu() + " cannot go on: " + cause.get(0));
    cause.subList(1, cause.size()).forEach(line -> lines.add("  " + line));
    if (wasReset()) {
      lines.add(
          "  The registers are those of a processor after INIT: on AMD hosts KVM resets the vCPU at"
              + " a triple fault, so the last exits are the only trace.");
    }
    lines.add("");
    lines.addAll(state.lines());
    return String.join("\n", lines);
  }

  private boolean wasReset() {
    return crash.cause() == VcpuCrash.Cause.TRIPLE_FAULT
        && state.regs().rip() == RESET_RIP
        && state.sregs().segment(Segment.CS).base() == RESET_CS_BASE;
  }
}
