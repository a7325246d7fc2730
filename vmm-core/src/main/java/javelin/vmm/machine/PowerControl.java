package javelin.vmm.machine;

/**
 * What a device asks of the machine when the guest uses its power and reset controls. The calls
 * return at once; the machine acts when the vCPU that made the access is out of its exit.
 */
public interface PowerControl {
  /** The guest switched the machine off (ACPI S5). */
  void powerOff();

  /** The guest asked for a reset; {@code cause} names the control that it used. */
  void reset(String cause);

  /** The guest ended the machine through a debug-exit port; {@code code} is Javelin's exit code. */
  void exit(int code);
}
