package javelin.boot.machine;

import java.nio.file.Path;
import java.util.function.Function;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.assign.PciPlatform;
import javelin.boot.kernel.BootProtocol;

/** What runs in the machine. */
public sealed interface GuestImage {
  /** A guest that the project assembles itself. */
  enum BuiltIn implements GuestImage {
    /** Checks the machine and powers off. */
    SELF_TEST,

    /** Checks the functions of the PCI bus, assigned ones above all, and powers off. */
    ASSIGN_CHECK,

    /** Drives the virtio functions of the PCI bus, writes to their disks, and powers off. */
    VIRTIO_CHECK
  }

  /**
   * A guest that the caller assembles, such as one that measures.
   *
   * @param name what messages call it
   * @param program assembles it for a machine
   */
  record Assembled(String name, Function<PciPlatform, GuestProgram> program)
      implements GuestImage {}

  /**
   * A kernel from a file.
   *
   * @param kernel bzImage, ELF or Multiboot
   * @param initrd the initial RAM disk, or null
   * @param commandLine the kernel's command line, perhaps empty
   * @param protocol how it is started
   * @param unpack whether the vmlinux in a bzImage is started in its place
   */
  record KernelFile(
      Path kernel, Path initrd, String commandLine, BootProtocol protocol, boolean unpack)
      implements GuestImage {

    /** A kernel that is started as its file is. */
    public KernelFile(Path kernel, Path initrd, String commandLine, BootProtocol protocol) {
      this(kernel, initrd, commandLine, protocol, false);
    }
  }
}
