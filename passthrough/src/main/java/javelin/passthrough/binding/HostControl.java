package javelin.passthrough.binding;

import java.util.List;

/**
 * All that changes the host, but for the journal: writes to attributes of sysfs, and programs.
 * {@link LinuxControl} does it; tests have a simulated kernel.
 */
public interface HostControl {
  /**
   * What a program ended with.
   *
   * @param exitCode 0 where it succeeded
   * @param complaint what it printed, stripped
   */
  record Outcome(int exitCode, String complaint) {}

  /**
   * Writes {@code value} to the attribute at {@code path}, an absolute path of the host, in one
   * write(2).
   *
   * @throws javelin.vmm.linux.ErrnoException where the kernel refuses
   * @throws BlockedException where the kernel does not come back in time
   */
  void write(String path, String value);

  /** Whether this process may write to {@code path}. */
  boolean mayWrite(String path);

  /**
   * Runs a program to its end.
   *
   * @throws BindingException where it cannot be started or does not end in time
   */
  Outcome run(List<String> command);
}
