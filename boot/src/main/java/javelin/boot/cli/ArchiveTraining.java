package javelin.boot.cli;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import javelin.boot.guest.ElfWriter;
import javelin.boot.guest.GuestProgram;
import javelin.boot.guest.TinyGuests;
import javelin.boot.machine.LaunchTimes;
import javelin.vmm.linux.Linux;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * What the launcher runs to make the class archive: guests of the kinds that users start, on a
 * {@link DryKvm}, and then every class of Javelin's that none of them has needed. What the JVM has
 * loaded and linked by then, it finds ready at the next start.
 */
final class ArchiveTraining {
  private static final String CLASS_SUFFIX = ".class";
  private static final int DISK_BYTES = 1 << 20;
  private static final long KERNEL_ADDRESS = 0x20_0000;

  /** The modules whose classes a guest may need; the measurements are no part of a launch. */
  private static final List<String> MODULES = List.of("vmm-core", "devices", "passthrough", "boot");

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
      String ready = "--serial null --timeout 10s --kvm " + disk;
      run(ready);
      run(ready + " --trace launch --stats --kernel " + kernel + " --append console=ttyS0");
      run(ready + " --rng --kernel " + kernel + " --initrd " + disk + " --disk " + disk);
      run(ready + " --assign demo");
    } finally {
      delete(folder);
    }
    loadAll();
  }

  private static void run(String options) throws InterruptedException {
    CommandSpec spec = CommandSpec.create();
    RunOptions.addTo(spec);
    var arguments = new CommandLine(spec).parseArgs(options.split(" ", -1));
    PrintWriter nowhere = new PrintWriter(PrintWriter.nullWriter());
    try {
      new GuestRun(
              RunOptions.config(arguments),
              arguments.hasMatchedOption("--stats"),
              false,
              nowhere,
              DryKvm.linux(Linux.system().syscalls()),
              new LaunchTimes())
          .run();
    } catch (RuntimeException e) {
      System.err.println(options + ": " + e);
    }
  }

  private static void loadAll() throws IOException {
    String classPath = System.getProperty("java.class.path");
    for (String jar : classPath.split(File.pathSeparator, -1)) {
      String name = Path.of(jar).getFileName().toString();
      if (MODULES.stream().anyMatch(module -> name.startsWith(module + "-"))) {
        try (JarFile file = new JarFile(jar)) {
          file.stream().forEach(entry -> load(entry.getName()));
        }
      }
    }
  }

  private static void load(String entry) {
    if (!entry.endsWith(CLASS_SUFFIX) || entry.contains("-info")) {
      return;
    }
    String name = entry.substring(0, entry.length() - CLASS_SUFFIX.length()).replace('/', '.');
    try {
      Class.forName(name, false, ArchiveTraining.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      // Such as the classes for JUnit, which is not there.
      System.err.println(name + ": " + e);
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
