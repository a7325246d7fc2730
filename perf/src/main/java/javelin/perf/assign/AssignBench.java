package javelin.perf.assign;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.AssignSource;
import javelin.boot.machine.AssignSpec;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.DiskSpec;
import javelin.passthrough.host.HostDevice;
import javelin.passthrough.host.HostInventory;
import javelin.passthrough.host.NoSuchDeviceException;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.BenchRun;
import javelin.perf.nic.NicBench;
import javelin.perf.nic.NicOptions;
import javelin.vmm.linux.HostFiles;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench assign DEVICE}: what assigning a device buys over virtio on this host. */
public final class AssignBench implements Bench {
  private static final String DEVICE = "DEVICE";
  private static final String COUNT = "--count";
  private static final String ROUNDS = "--rounds";
  private static final String SCRATCH = "--scratch";
  private static final String FORCE = "--force";
  private static final String SIDE = "--side";
  private static final String DISK = "--virtio-disk";
  private static final int DEFAULT_COUNT = 10_000;
  private static final int DEFAULT_ROUNDS = 5;
  private static final int MOST = 100_000;

  @Override
  public String name() {
    return "assign";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Measures one device as a guest has it: assigned, assigned with each fast path off, and"
                + " by virtio on the same backing, in turn. A built-in guest takes the time of"
                + " reading a register, of a doorbell up to its interrupt (INTx, MSI, MSI-X), and of"
                + " reads and writes of 4 KiB. A network card with --wire exchanges bytes over TCP"
                + " with the host, too, in a Linux guest. DEVICE is what `run --assign` takes: the"
                + " PCI address of a device of the host, user:PATH, demo, or"
                + " demo:nvme,disk=FILE.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .type(String.class)
            .paramLabel(DEVICE)
            .required(true)
            .description("The device, with its options as in --assign.")
            .build());
    spec.addOption(
        BenchOptions.count(COUNT, DEFAULT_COUNT, "Operations of each case on each side"));
    spec.addOption(BenchOptions.count(ROUNDS, DEFAULT_ROUNDS, "Turns that they are split into"));
    spec.addOption(
        flag(SCRATCH, "Measures writes, too: WHAT IS ON THE DISK IS OVERWRITTEN, all over it."));
    spec.addOption(flag(FORCE, "Takes the device also where the host uses it."));
    spec.addOption(
        OptionSpec.builder(SIDE)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("NAME")
            .arity("1")
            .description(
                "Measures this side only: "
                    + String.join(", ", Sides.NAMES)
                    + "; several times for several.")
            .build());
    spec.addOption(
        OptionSpec.builder(DISK)
            .type(String.class)
            .paramLabel("DISK")
            .description(
                "The virtio side's disk, as `run --disk` takes it, where it is not the device's.")
            .build());
    NicOptions.addTo(spec);
    return spec;
  }

  private static OptionSpec flag(String name, String description) {
    return OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build();
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run)
      throws IOException, InterruptedException {
    int rounds = BenchOptions.count(arguments, ROUNDS, MOST);
    int count = BenchOptions.count(arguments, COUNT, MOST);
    if (count < rounds) {
      throw new CommandException(
          ExitCode.USAGE, COUNT + " " + count + ": each of " + rounds + " rounds needs one");
    }
    boolean writes = arguments.hasMatchedOption(SCRATCH);
    boolean force = arguments.hasMatchedOption(FORCE);
    PrintWriter err = arguments.commandSpec().commandLine().getErr();
    Consumer<String> say = line -> err.println("javelin: " + line);
    try {
      String text = arguments.matchedPositionalValue(0, "");
      AssignSpec device = AssignSpec.parse(DEVICE, text, false);
      List<String> names = names(arguments);
      Optional<HostDevice> card = card(device);
      Optional<NicBench> nic = nic(arguments, text, card, force);
      Optional<Supplier<DiskSpec>> disk = disk(arguments, device, writes);
      List<Side> sides = Sides.of(device, disk.orElse(null), writes, names);
      if (card.isPresent()) {
        sayWhatIsLeftOutOfCard(run, card.get(), nic.isPresent());
      } else {
        sayWhatIsLeftOut(run, disk.isPresent(), writes);
      }
      compare(run);
      new AssignRounds(run, force, say).measure(sides, rounds, count);
      if (nic.isPresent() && !run.isStopped()) {
        nic.get().measure(NicSides.of(text, device, card.get(), names), rounds, run, say);
      }
    } catch (ConfigException | NoSuchDeviceException e) {
      throw new CommandException(ExitCode.USAGE, e.getMessage());
    }
  }

  /** The device, where it is a network card of the host's. */
  private static Optional<HostDevice> card(AssignSpec device) {
    return device.device() instanceof AssignSource.Host host
        ? Optional.of(HostInventory.read(HostFiles.system()).device(host.address()))
            .filter(NicBench::isFor)
        : Optional.empty();
  }

  private static Optional<NicBench> nic(
      ParseResult arguments, String device, Optional<HostDevice> card, boolean force) {
    NicOptions options = new NicOptions(arguments);
    if (options.wire() == null) {
      return Optional.empty();
    }
    HostDevice found =
        card.orElseThrow(
            () ->
                new CommandException(
                    ExitCode.USAGE,
                    "--wire "
                        + options.wire()
                        + ": "
                        + device
                        + " is no network card of the host"));
    return Optional.of(NicBench.of(options, found, force));
  }

  private static Optional<Supplier<DiskSpec>> disk(
      ParseResult arguments, AssignSpec device, boolean writes) {
    String text = arguments.matchedOptionValue(DISK, null);
    if (text == null) {
      return Backing.of(device, writes);
    }
    DiskSpec disk = DiskSpec.parse(writes ? text : text + ",readonly=on");
    return Optional.of(() -> disk);
  }

  private static void sayWhatIsLeftOut(BenchRun run, boolean hasDisk, boolean writes) {
    if (!hasDisk) {
      run.outcome()
          .gap(
              Sides.VIRTIO,
              "no disk is known that this device's data is on; give one with " + DISK);
    } else if (!writes) {
      run.outcome().gap("4 KiB writes", "they overwrite the disk; allow that with " + SCRATCH);
    }
  }

  private static void sayWhatIsLeftOutOfCard(BenchRun run, HostDevice card, boolean hasWire) {
    if (!hasWire) {
      NicBench.withoutWire(run);
    } else if (NicSides.hasMessages(card)) {
      run.outcome()
          .gap("TCP, " + Sides.NO_RESAMPLE, "Linux has this card interrupt by MSI or MSI-X");
    }
  }

  private static void compare(BenchRun run) {
    run.outcome()
        .ratio(Sides.ASSIGNED, Sides.VIRTIO)
        .ratio(Sides.NO_MMAP, Sides.ASSIGNED)
        .ratio(Sides.NO_IRQFD, Sides.ASSIGNED)
        .ratio(Sides.NO_RESAMPLE, Sides.ASSIGNED);
  }

  private static List<String> names(ParseResult arguments) {
    List<String> names = arguments.matchedOptionValue(SIDE, List.of());
    Set<String> unknown = new HashSet<>(names);
    unknown.removeAll(Sides.NAMES);
    if (!unknown.isEmpty()) {
      throw new CommandException(
          ExitCode.USAGE,
          SIDE + " " + unknown.iterator().next() + ": known are " + String.join(", ", Sides.NAMES));
    }
    return names.isEmpty() ? Sides.NAMES : new ArrayList<>(names);
  }
}
