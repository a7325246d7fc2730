package javelin.perf.virtio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.lab.LabException;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.Units;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.GuestKernel;
import javelin.perf.bench.HostTool;
import javelin.perf.bench.JavelinLauncher;
import javelin.perf.bench.QemuPeer;
import javelin.perf.linux.BenchInitramfs;
import javelin.perf.linux.BenchInitramfs.DiskWork;
import javelin.perf.result.Outcome;
import javelin.vmm.linux.Linux;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench virtio}. */
public final class VirtioBench implements Bench {
  private static final int MEGABYTES = 512;
  private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio_net");

  @Override
  public String name() {
    return "virtio";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Measures Javelin's virtio disk with fio and its virtio network with TCP over a tap, in"
                + " a Linux guest; with --peer the same guest, disk image and work under other"
                + " monitors too, in turn. The network needs root. Needs a KVM that runs Linux;"
                + " elsewhere:",
            "  javelin lab -- ./javelin bench virtio");
    VirtioOptions.addTo(spec);
    return spec;
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run) throws Exception {
    VirtioOptions options = new VirtioOptions(arguments);
    Outcome outcome = run.outcome();
    List<Side> sides = sides(options, outcome);
    LabKernel kernel = kernel(options);
    Path busybox = HostTool.require("busybox", "busybox-static");
    Optional<Path> fio = fio(options, outcome);
    boolean network = options.hasNetwork() && enterNetwork(outcome);
    if (fio.isEmpty() && !network) {
      return;
    }
    Path folder = Files.createTempDirectory("javelin-bench-");
    Path initrd = folder.resolve("initrd");
    Path report = folder.resolve("report");
    Path image = options.image() == null ? folder.resolve("image") : options.image();
    try (DiskImage disk = DiskImage.at(image, options.imageBytes())) {
      String jobs =
          FioJob.file(options.jobs(), options.warmUp().toMillis(), options.time().toMillis());
      DiskWork work = fio.map(program -> new DiskWork(program, jobs)).orElse(null);
      new BenchInitramfs(kernel, MODULES, busybox, work, network).write(initrd);
      boolean isDirect = isDirect(options, disk);
      describe(outcome, options, kernel, disk, isDirect);
      Guest guest =
          new Guest(
              kernel.image(),
              initrd,
              MEGABYTES,
              options.cpus(),
              options.features(),
              disk.path(),
              isDirect,
              report,
              network ? BenchNetwork.TAP : null);
      new Rounds(run, options, sides, guest).all();
    } finally {
      Files.deleteIfExists(initrd);
      Files.deleteIfExists(report);
      Files.deleteIfExists(folder);
    }
  }

  /** Javelin, and the peers that are asked for and there, each in the ways that it has. */
  private static List<Side> sides(VirtioOptions options, Outcome outcome)
      throws IOException, InterruptedException {
    String launcher = JavelinLauncher.require("virtio");
    if (!Files.exists(Path.of("/dev/kvm"))) {
      throw new CommandException(
          ExitCode.START_ERROR,
          "there is no /dev/kvm here; in the lab there is: ./javelin lab -- ./javelin bench virtio");
    }
    List<Side> sides = new ArrayList<>();
    options.aio().forEach(aio -> sides.add(Side.javelin(launcher, aio)));
    List<String> peers = options.peers();
    if (peers.contains(QemuPeer.NAME) && isThere(QemuPeer.PROGRAM, "QEMU", outcome)) {
      String version = HostTool.output(QemuPeer.PROGRAM, "--version");
      outcome.condition("QEMU", version.lines().findFirst().orElse("unknown"));
      options.aio().forEach(aio -> sides.add(Side.qemu(aio)));
    }
    if (peers.contains("kvmtool") && isThere("lkvm", "kvmtool", outcome)) {
      outcome.condition("kvmtool", HostTool.output("lkvm", "version").strip());
      sides.add(Side.kvmtool());
    }
    Side.compare(sides, outcome);
    return sides;
  }

  private static boolean isThere(String program, String name, Outcome outcome) {
    boolean isThere = HostTool.find(program).isPresent();
    if (!isThere) {
      outcome.gap(name, program + " is not in PATH");
    }
    return isThere;
  }

  private static LabKernel kernel(VirtioOptions options) {
    Path image =
        GuestKernel.find(options.kernel())
            .orElseThrow(() -> new CommandException(ExitCode.USAGE, GuestKernel.MISSING));
    try {
      return LabKernel.of(image);
    } catch (LabException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }

  private static Optional<Path> fio(VirtioOptions options, Outcome outcome)
      throws IOException, InterruptedException {
    if (!options.hasDisk()) {
      return Optional.empty();
    }
    Optional<Path> fio = HostTool.find("fio");
    if (fio.isEmpty()) {
      outcome.gap("disk", HostTool.missing("fio", "fio"));
    } else {
      outcome.condition("fio", HostTool.output(fio.get().toString(), "--version").strip());
    }
    return fio;
  }

  private static boolean enterNetwork(Outcome outcome) throws IOException, InterruptedException {
    try {
      BenchNetwork.enter(Linux.system());
      return true;
    } catch (CommandException | IOException e) {
      outcome.gap("network", e.getMessage());
      return false;
    }
  }

  private static boolean isDirect(VirtioOptions options, DiskImage disk) {
    Boolean asked = options.isDirect();
    return asked == null ? disk.takesDirect(Linux.system()) : asked;
  }

  private static void describe(
      Outcome outcome, VirtioOptions options, LabKernel kernel, DiskImage disk, boolean isDirect)
      throws IOException {
    String switches = options.features().isEmpty() ? "" : " with " + options.features();
    outcome
        .condition(
            "Guest",
            "Linux %s, %d MiB, CPUs: %d%s"
                .formatted(kernel.release(), MEGABYTES, options.cpus(), switches))
        .condition("Disk image", disk.backing(Linux.system()))
        .condition("Image cache", isDirect ? "none (O_DIRECT)" : "writeback")
        .condition(
            "Work",
            "%s each, after %s of warming up; sides in turn, %d rounds; counts for each operation,"
                    .formatted(
                        Units.format(options.time()),
                        Units.format(options.warmUp()),
                        options.rounds())
                + " of streams for each MiB");
  }
}
