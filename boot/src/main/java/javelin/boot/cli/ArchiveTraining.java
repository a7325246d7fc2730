package javelin.boot.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import javelin.boot.cli.DryKvm.Vendor;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.machine.LaunchTimes;
import javelin.vmm.linux.Linux;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What the launcher runs to make the class archive: guests of the kinds that users start, on a
 * {@link DryKvm}. What the JVM has loaded and linked by then, it finds ready at the next start. Not
 * more than these need: from JDK 25 on, the JVM loads all of the archive before it comes to main.
 */
final class ArchiveTraining {
  private static final int DISK_BYTES = 1 << 20;
  private static final long KERNEL_ADDRESS = 0x20_0000;

  private ArchiveTraining() {}

  /** Takes no arguments. What fails only makes a smaller archive. */
  public static void main(String[] args) throws Exception {
    PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
    Main.run(new String[] {"run", "--kvm", "/dev/null/kvm"}, nowhere, nowhere);
    Path folder = Files.createTempDirectory("javelin-archive");
    try {
      Path kernel = folder.resolve("kernel");
      Path disk = folder.resolve("disk");
      Files.write(
          kernel, ElfWriter.write(GuestProgram.ofCode(KERNEL_ADDRESS, TinyGuests.debugExit(0))));
      Files.write(disk, new byte[DISK_BYTES]);
      String ready = "--timeout 10s --kvm " + disk;
      run(ready, Vendor.INTEL);
      run(ready + " --memory 64M --cpus 1 --kernel " + kernel, Vendor.AMD);
      run(
          ready + " --trace launch --stats --kernel " + kernel + " --append console=ttyS0",
          Vendor.AMD);
      run(
          ready + " --rng --kernel " + kernel + " --initrd " + disk + " --disk " + disk,
          Vendor.INTEL);
      run(ready + " --serial null --console stdio --assign demo", Vendor.AMD);
    } finally {
      delete(folder);
    }
  }

  private static void run(String options, Vendor vendor) throws InterruptedException {
    CommandSpec spec = CommandSpec.create();
    RunOptions.addTo(spec, false);
    var arguments = new CommandLine(spec).parseArgs(options.split(" ", -1));
    PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
    try {
      new GuestRun(
              RunOptions.config(arguments),
              arguments.hasMatchedOption("--stats"),
              false,
              nowhere,
              DryKvm.linux(Linux.system().syscalls(), vendor),
              new LaunchTimes())
          .run();
    } catch (RuntimeException e) {
      System.err.println(options + ": " + e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
