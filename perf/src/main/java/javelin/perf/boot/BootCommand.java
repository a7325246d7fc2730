package javelin.perf.boot;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.boot.cli.Command;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.lab.Lab;
import javelin.boot.machine.Units;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench boot}. */
public final class BootCommand implements Command {
  private static final long MEBIBYTES = 256;
  private static final String APPEND = "console=ttyS0 panic=-1 quiet";

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Boots the same Linux kernel and initramfs under Javelin and under QEMU (with KVM; q35"
                + " and microvm), in turn, and prints the time from the start of the process to"
                + " the guest's init. Needs a KVM that runs Linux; elsewhere:",
            "  javelin lab -- ./javelin bench boot");
    spec.addOption(
        text("--kernel", "FILE", null, "A bzImage (newest of the lab's kernels, or of /boot)."));
    spec.addOption(text("--runs", "N", "5", "Boots of each (${DEFAULT-VALUE})."));
    spec.addOption(text("--cpus", "N", "1", "CPUs of the guest (${DEFAULT-VALUE})."));
    spec.addOption(text("--append", "TEXT", APPEND, "Its command line (${DEFAULT-VALUE})."));
    spec.addOption(text("--limit", "TIME", "3m", "The longest one boot may take."));
    return spec;
  }

  private static OptionSpec text(String name, String label, String value, String description) {
    return OptionSpec.builder(name)
        .type(String.class)
        .paramLabel(label)
        .defaultValue(value)
        .description(description)
        .build();
  }

  @Override
  public int run(ParseResult arguments) throws Exception {
    PrintWriter out = arguments.commandSpec().commandLine().getOut();
    int runs = number(arguments, "--runs");
    int cpus = number(arguments, "--cpus");
    Path kernel = kernel(arguments.matchedOptionValue("--kernel", null));
    BootTimer timer = new BootTimer(InitGuest.LINE, limit(arguments));
    Path initrd = Files.createTempFile("javelin-perf", ".cpio");
    try {
      InitGuest.write(initrd, program("busybox", "busybox-static"));
      String append = arguments.matchedOptionValue("--append", APPEND);
      var guest = new Contestant.Guest(kernel, initrd, append, MEBIBYTES, cpus);
      List<Contestant> contestants = contestants(guest);
      out.printf(
          "%s, %d MiB, %d CPU: from process start to init, %d boots each%n",
          kernel.getFileName(), MEBIBYTES, cpus, runs);
      BootTimes times = measure(timer, contestants, runs, out);
      times.table().forEach(out::println);
      return times.failures() == 0 ? ExitCode.OK : ExitCode.START_ERROR;
    } finally {
      Files.delete(initrd);
    }
  }

  private static BootTimes measure(
      BootTimer timer, List<Contestant> contestants, int runs, PrintWriter out)
      throws IOException, InterruptedException {
    BootTimes times = new BootTimes();
    for (int run = 1; run <= runs; run++) {
      for (Contestant contestant : contestants) {
        try {
          Duration time = timer.run(contestant);
          times.add(contestant.label(), time);
          out.printf("  %d/%d %s %s%n", run, runs, contestant.label(), Units.format(time));
        } catch (CommandException e) {
          times.addFailure(contestant.label());
          out.printf("  %d/%d %s%n", run, runs, e.getMessage());
        }
      }
    }
    return times;
  }

  private static List<Contestant> contestants(Contestant.Guest guest) {
    String launcher = System.getenv("JAVELIN_LAUNCHER");
    if (launcher == null) {
      throw new CommandException(
          ExitCode.START_ERROR, "JAVELIN_LAUNCHER is not set: start this as ./javelin bench boot");
    }
    program("qemu-system-x86_64", "qemu-system-x86");
    List<Contestant> contestants = new ArrayList<>();
    contestants.add(Contestant.javelin(launcher, guest));
    contestants.add(Contestant.qemu("q35", guest));
    contestants.add(Contestant.qemu("microvm", guest));
    return contestants;
  }

  private static int number(ParseResult arguments, String option) {
    String text = arguments.commandSpec().findOption(option).getValue();
    try {
      int number = Integer.parseInt(text);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new CommandException(ExitCode.USAGE, option + " " + text + ": give a number from 1 on");
  }

  private static Duration limit(ParseResult arguments) {
    try {
      return Units.parseTime(arguments.commandSpec().findOption("--limit").getValue());
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, "--limit: " + e.getMessage());
    }
  }

  private static Path kernel(String given) throws IOException {
    if (given != null) {
      Path file = Path.of(given);
      if (!Files.isReadable(file) || Files.isDirectory(file)) {
        throw new CommandException(
            ExitCode.START_ERROR, "--kernel " + given + ": there is no such file to read");
      }
      return file.toAbsolutePath();
    }
    Optional<Path> found = newest(Lab.cache(), 3).or(() -> newest(Path.of("/boot"), 1));
    return found.orElseThrow(
        () ->
            new CommandException(
                ExitCode.USAGE,
                "no kernel found here: name one with --kernel, or run `./javelin lab -- true`"
                    + " once, which fetches one"));
  }

  private static Optional<Path> newest(Path folder, int depth) {
    try (Stream<Path> files = Files.walk(folder, depth)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("vmlinuz-"))
          .max(Comparator.comparingLong(file -> file.toFile().lastModified()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Path program(String name, String debianPackage) {
    for (String folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(folder, name);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    throw new CommandException(
        ExitCode.START_ERROR,
        name + " is needed; on Debian or Ubuntu, as root: apt install " + debianPackage);
  }
}
