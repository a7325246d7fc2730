package javelin.perf.virtio;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.QemuPeer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options of {@code javelin bench virtio}. */
final class VirtioOptions {
  static final List<String> PEERS = List.of(QemuPeer.NAME, "kvmtool");
  private static final List<String> AIO = List.of("uring", "threads");
  private static final String DISK = "disk";
  private static final String NETWORK = "net";
  private static final int MOST_ROUNDS = 1000;
  private static final int MOST_CPUS = 64;

  private final ParseResult arguments;

  VirtioOptions(ParseResult arguments) {
    this.arguments = arguments;
  }

  static void addTo(CommandSpec spec) {
    spec.addOption(
        BenchOptions.text("--kernel", "FILE", null, "A bzImage, as the lab's or /boot's newest."));
    spec.addOption(BenchOptions.peers(PEERS));
    spec.addOption(BenchOptions.count("--rounds", 3, "Boots of each side"));
    spec.addOption(
        BenchOptions.text("--time", "TIME", "2s", "How long each piece of work is measured"));
    spec.addOption(
        BenchOptions.text("--warm-up", "TIME", "1s", "How long what comes first is not"));
    spec.addOption(BenchOptions.count("--cpus", 1, "CPUs of the guest"));
    spec.addOption(
        BenchOptions.text(
            "--cpu", "SWITCHES", "", "CPU features of the guest, as in -kvm-pv-eoi."));
    spec.addOption(
        BenchOptions.text(
            "--image",
            "PATH",
            null,
            "The guest's disk: a file or a block device, WHICH IS OVERWRITTEN, or where to make"
                + " one; without it one in the folder for temporary files."));
    spec.addOption(BenchOptions.text("--image-size", "SIZE", "64M", "Of an image that is made"));
    spec.addOption(
        BenchOptions.text(
            "--cache", "HOW", null, "none or writeback; none where the image takes it."));
    spec.addOption(several("--aio", "HOW", AIO, "How disks are read and written"));
    spec.addOption(several("--work", "WHAT", List.of(DISK, NETWORK), "What is measured"));
    spec.addOption(
        several("--job", "NAME", FioJob.ALL.stream().map(FioJob::name).toList(), "Disk jobs"));
    spec.addOption(
        BenchOptions.text("--limit", "TIME", "5m", "The longest one boot with its work may take"));
  }

  private static OptionSpec several(String name, String label, List<String> known, String what) {
    return OptionSpec.builder(name)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .arity("1")
        .completionCandidates(known)
        .description(what + ": " + String.join(", ", known) + "; all without it.")
        .build();
  }

  String kernel() {
    return value("--kernel");
  }

  List<String> peers() {
    return BenchOptions.peers(arguments, PEERS);
  }

  int rounds() {
    return BenchOptions.count(arguments, "--rounds", MOST_ROUNDS);
  }

  int cpus() {
    return BenchOptions.count(arguments, "--cpus", MOST_CPUS);
  }

  String features() {
    return value("--cpu");
  }

  Duration time() {
    return BenchOptions.parsed(arguments, "--time", Units::parseTime);
  }

  Duration warmUp() {
    return BenchOptions.parsed(arguments, "--warm-up", Units::parseTime);
  }

  Duration limit() {
    return BenchOptions.parsed(arguments, "--limit", Units::parseTime);
  }

  /** Null where the bench makes one. */
  Path image() {
    String path = value("--image");
    return path == null ? null : Path.of(path).toAbsolutePath();
  }

  long imageBytes() {
    return BenchOptions.parsed(arguments, "--image-size", Units::parseSize);
  }

  /** Whether the host's page cache is passed by; null where the image decides. */
  Boolean isDirect() {
    String cache = value("--cache");
    if (cache != null && !cache.equals("none") && !cache.equals("writeback")) {
      throw new CommandException(ExitCode.USAGE, "--cache " + cache + ": none or writeback");
    }
    return cache == null ? null : Boolean.valueOf(cache.equals("none"));
  }

  List<String> aio() {
    return chosen("--aio", AIO);
  }

  boolean hasDisk() {
    return chosen("--work", List.of(DISK, NETWORK)).contains(DISK);
  }

  boolean hasNetwork() {
    return chosen("--work", List.of(DISK, NETWORK)).contains(NETWORK);
  }

  List<FioJob> jobs() {
    List<String> names = chosen("--job", FioJob.ALL.stream().map(FioJob::name).toList());
    return FioJob.ALL.stream().filter(job -> names.contains(job.name())).toList();
  }

  private String value(String option) {
    return arguments.commandSpec().findOption(option).getValue();
  }

  private List<String> chosen(String option, List<String> known) {
    List<String> asked = arguments.matchedOptionValue(option, known);
    for (String name : asked) {
      if (!known.contains(name)) {
        throw new CommandException(
            ExitCode.USAGE,
            "%s %s: known are %s".formatted(option, name, String.join(", ", known)));
      }
    }
    return asked;
  }
}
