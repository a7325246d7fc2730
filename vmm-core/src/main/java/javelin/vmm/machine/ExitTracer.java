package javelin.vmm.machine;

/** Hears of each exit as it is handled, for {@code --trace}. Called on vCPU threads. */
public interface ExitTracer {
  /** A port access that has been handled. */
  void port(int vcpu, int port, int size, boolean isWrite, long value);

  /** An MMIO access that has been handled. */
  void mmio(int vcpu, long address, int size, boolean isWrite, long value);

  /** Any other exit, by its number in {@code struct kvm_run}. */
  void other(int vcpu, int exitReason);
}
