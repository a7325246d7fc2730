package javelin.perf.boot;

import java.nio.file.Path;
import java.util.List;

/**
 * Who boots the guest.
 *
 * @param label the name for reports
 * @param command the process to start; the guest's serial console is its standard output
 */
record Contestant(String label, List<String> command) {
  /**
   * What all of them boot.
   *
   * @param kernel a bzImage
   * @param initrd its initramfs
   * @param append its command line
   * @param mebibytes RAM
   * @param cpus how many processors it has
   */
  record Guest(Path kernel, Path initrd, String append, long mebibytes, int cpus) {}

  /** Javelin, as a user starts it. */
  static Contestant javelin(String launcher, Guest guest) {
    return new Contestant(
        "Javelin",
        List.of(
            launcher,
            "run",
            "--kernel",
            guest.kernel().toString(),
            "--initrd",
            guest.initrd().toString(),
            "--append",
            guest.append(),
            "--memory",
            guest.mebibytes() + "M",
            "--cpus",
            Integer.toString(guest.cpus())));
  }

  /** QEMU with KVM, a serial port and nothing else. */
  static Contestant qemu(String machine, Guest guest) {
    return new Contestant(
        "QEMU " + machine,
        List.of(
            "qemu-system-x86_64",
            "-M",
            machine,
            "-accel",
            "kvm",
            "-cpu",
            "host",
            "-m",
            guest.mebibytes() + "M",
            "-smp",
            Integer.toString(guest.cpus()),
            "-nodefaults",
            "-no-user-config",
            "-no-reboot",
            "-display",
            "none",
            "-serial",
            "stdio",
            "-kernel",
            guest.kernel().toString(),
            "-initrd",
            guest.initrd().toString(),
            "-append",
            guest.append()));
  }
}
