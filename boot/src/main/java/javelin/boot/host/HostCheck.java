package javelin.boot.host;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.GuestImage;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.Units;
import javelin.passthrough.assigned.RomImage;
import javelin.passthrough.assigned.RomOption;
import javelin.vmm.linux.HostFiles;

/** Whether a host can give what a machine is configured with, asked before anything is set up. */
public final class HostCheck {
  private HostCheck() {}

  /**
   * Checks the files, expansion ROMs of assigned devices among them, and the amount of RAM.
   *
   * @throws ConfigException naming the option that the host cannot serve
   */
  public static void check(MachineConfig config, HostFiles host) {
    if (config.guest() instanceof GuestImage.KernelFile guest) {
      checkFile("--kernel", guest.kernel());
      if (guest.initrd() != null) {
        checkFile("--initrd", guest.initrd());
      }
    }
    config.assigned().forEach(HostCheck::checkRom);
    OptionalLong total = new MemoryFacts(host).total();
    long size = config.ram().size();
    if (total.isPresent() && size > total.getAsLong()) {
      throw new ConfigException(
          "--memory",
          Units.formatSize(size),
          "the host has " + (total.getAsLong() >> 20) + "M; give the guest less");
    }
  }

  private static void checkRom(AssignSpec spec) {
    RomOption rom = spec.options().rom();
    if (rom.kind() == RomOption.Kind.FILE) {
      try {
        RomImage.read(rom.file());
      } catch (IllegalArgumentException e) {
        throw new ConfigException("--assign", spec.device() + ",rom=" + rom.file(), e.getMessage());
      }
    }
  }

  private static void checkFile(String option, Path file) {
    String reason =
        !Files.exists(file)
            ? "no such file"
            : Files.isDirectory(file)
                ? "is a directory, not a file"
                : !Files.isReadable(file) ? "permission denied" : null;
    if (reason != null) {
      throw new ConfigException(option, file, reason);
    }
  }
}
