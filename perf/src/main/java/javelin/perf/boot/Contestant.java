package javelin.perf.boot;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javelin.perf.bench.QemuPeer;
import javelin.vmm.linux.HostFiles;

/**
 * Who boots the guest.
 *
 * @param label the name for reports
 * @param command the process to start; the guest's serial console is its standard output
 * @param environment what it is told beside
 */
record Contestant(String label, List<String> command, Map<String, String> environment) {
  /** Javelin as a user starts it. */
  static final String JAVELIN = "Javelin";

  /** Javelin without its class archive. */
  static final String COLD = "Javelin, no archive";

  /** The variable by which the launcher leaves the archive alone. */
  private static final Map<String, String> NO_ARCHIVE = Map.of("JAVELIN_ARCHIVE", "off");

  Contestant(String label, List<String> command) {
    this(label, command, Map.of());
  }

  /**
   * What all of them boot.
   *
   * @param kernel a bzImage, or an ELF file with a PVH entry
   * @param initrd its initramfs, or null
   * @param append its command line
   * @param mebibytes RAM
   * @param cpus how many processors it has
   */
  record Guest(Path kernel, Path initrd, String append, long mebibytes, int cpus) {
    private List<String> files(String kernelOption, String initrdOption, String appendOption) {
      return initrd == null
          ? List.of(kernelOption, kernel.toString())
          : List.of(
              kernelOption,
              kernel.toString(),
              initrdOption,
              initrd.toString(),
              appendOption,
              append);
    }
  }

  /** Javelin, as a user starts it, or without its class archive. */
  static Contestant javelin(String launcher, Guest guest, boolean archive, List<String> more) {
    Command command =
        new Command(launcher, "run")
            .with(guest.files("--kernel", "--initrd", "--append"))
            .with("--memory", guest.mebibytes() + "M", "--cpus", Integer.toString(guest.cpus()))
            .with("--trace", "launch")
            .with(more);
    return new Contestant(
        archive ? JAVELIN : COLD, command.words(), archive ? Map.of() : NO_ARCHIVE);
  }

  /** QEMU with KVM, a serial port and nothing else. */
  static Contestant qemu(String machine, Guest guest) {
    Command command =
        new Command(QemuPeer.PROGRAM, "-M", machine)
            .with(QemuPeer.onKvm(HostFiles.system(), ""))
            .with("-m", guest.mebibytes() + "M", "-smp", Integer.toString(guest.cpus()))
            .with("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none")
            .with("-serial", "stdio", "-device", "isa-debug-exit,iobase=0xf4,iosize=1")
            .with(guest.files("-kernel", "-initrd", "-append"));
    return new Contestant("QEMU " + machine, command.words());
  }

  /** kvmtool with a serial console. */
  static Contestant kvmtool(String program, Guest guest) {
    Command command =
        new Command(program, "run", "--console", "serial", "--network", "mode=none")
            .with("--mem", Long.toString(guest.mebibytes()))
            .with("--cpus", Integer.toString(guest.cpus()))
            .with(guest.files("--kernel", "--initrd", "--params"));
    return new Contestant("kvmtool", command.words());
  }

  /** A command line that grows. */
  private record Command(List<String> words) {
    Command(String... words) {
      this(List.of(words));
    }

    Command with(String... more) {
      return with(List.of(more));
    }

    Command with(List<String> more) {
      List<String> all = new ArrayList<>(words);
      all.addAll(more);
      return new Command(List.copyOf(all));
    }
  }
}
