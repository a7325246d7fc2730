package javelin.boot.lab;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a lab is made of and what runs in it.
 *
 * @param iommu the IOMMU of the lab's host
 * @param devices PCI devices of the lab's host
 * @param kernel a Debian kernel package (or one that depends on it), or a kernel image
 * @param append what the host's kernel is told beside what the lab needs, may be empty
 * @param qemu QEMU's x86 system emulator, or null for the best that can be had
 * @param memory RAM of the lab's host in bytes
 * @param cpus CPUs of the lab's host
 * @param out a folder that the command may write to, at the same path, or null
 * @param timeout how long the lab's host may take to come up
 * @param keep whether the lab's files (console log, initramfs, QEMU's command line) stay
 * @param folder the folder that the command starts in
 * @param command the command and its arguments; empty for a shell on the terminal
 */
public record LabOptions(
    Iommu iommu,
    List<LabDevice> devices,
    String kernel,
    String append,
    Path qemu,
    long memory,
    int cpus,
    Path out,
    Duration timeout,
    boolean keep,
    Path folder,
    List<String> command) {
  /** The kernel package of a lab that names none. */
  public static final String DEFAULT_KERNEL = "linux-image-amd64";

  private static final long LEAST_MEMORY = 256L << 20;
  private static final int MOST_CPUS = 64;

  /** Checks the numbers. */
  public LabOptions {
    devices = List.copyOf(devices);
    command = List.copyOf(command);
    if (memory < LEAST_MEMORY) {
      throw new LabException("--memory: the lab's host needs 256M or more");
    }
    if (cpus < 1 || cpus > MOST_CPUS) {
      throw new LabException("--cpus " + cpus + ": choose 1 to " + MOST_CPUS);
    }
    if (devices.stream().filter(LabDevice::needsSlot).count() > QemuCommand.DEVICE_SLOTS) {
      throw new LabException(
          "--device: the lab's host has " + QemuCommand.DEVICE_SLOTS + " slots, not more");
    }
    if (timeout.isZero() || timeout.isNegative()) {
      throw new LabException("--timeout: the host needs some time to come up");
    }
  }

  /** Whether the lab runs a shell on the user's terminal. */
  public boolean isShell() {
    return command.isEmpty();
  }
}
