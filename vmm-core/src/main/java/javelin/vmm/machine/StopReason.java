package javelin.vmm.machine;

/** Why a machine stopped. */
public sealed interface StopReason {
  /** The guest switched the machine off. */
  record PoweredOff() implements StopReason {}

  /** The guest asked for a reset, and the machine is set to stop then; {@code cause} says how. */
  record ResetRequested(String cause) implements StopReason {}

  /** The guest ended the machine through the debug-exit port. */
  record DebugExit(int code) implements StopReason {}

  /** A vCPU cannot go on: triple fault, emulation failure, failed entry. */
  record Crashed(VcpuCrash crash) implements StopReason {}

  /** The time that the machine was given is over. */
  record TimedOut() implements StopReason {}

  /** Someone outside the guest asked for it; {@code by} names whom. */
  record Requested(String by) implements StopReason {}

  /** Javelin itself failed. */
  record Failed(Throwable cause) implements StopReason {}
}
