package javelin.boot.kernel;

import java.util.List;
import java.util.Objects;

/**
 * What to load, and the facts of the machine that a kernel is told.
 *
 * @param kernel the image
 * @param initrd the initial RAM disk (Multiboot: the first module), or null
 * @param commandLine the kernel's command line, perhaps empty
 * @param protocol how it is started
 * @param cpus number of virtual CPUs
 * @param rsdpAddress guest-physical address of the ACPI RSDP, or 0 where there is none
 * @param reserved ranges that the memory map names beside RAM, such as the PCI ECAM window
 */
public record KernelConfig(
    BootFile kernel,
    BootFile initrd,
    String commandLine,
    BootProtocol protocol,
    int cpus,
    long rsdpAddress,
    List<MemoryMap.Entry> reserved) {

  /** Takes an unmodifiable copy of the list. */
  public KernelConfig {
    Objects.requireNonNull(kernel);
    Objects.requireNonNull(commandLine);
    Objects.requireNonNull(protocol);
    reserved = List.copyOf(reserved);
  }
}
