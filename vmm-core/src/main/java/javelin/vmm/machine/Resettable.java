package javelin.vmm.machine;

/** A device that returns to its state at power-on. Called while all vCPUs are stopped. */
public interface Resettable {
  /** Returns to the state at power-on. */
  void reset();
}
