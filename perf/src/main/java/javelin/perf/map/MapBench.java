package javelin.perf.map;

import java.util.List;
import java.util.Optional;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.machine.Units;
import javelin.passthrough.binding.BindingException;
import javelin.passthrough.binding.BindingHost;
import javelin.passthrough.binding.HeldDevices;
import javelin.passthrough.binding.Recovery;
import javelin.passthrough.host.HostAddress;
import javelin.passthrough.vfio.DmaMapper;
import javelin.passthrough.vfio.DmaSpace;
import javelin.passthrough.vfio.VfioException;
import javelin.perf.bench.Bench;
import javelin.perf.bench.BenchOptions;
import javelin.perf.bench.BenchRun;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Resources;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code javelin bench map}. */
public final class MapBench implements Bench {
  private static final String SIZE = "--size";
  private static final String ROUNDS = "--rounds";
  private static final String FORCE = "--force";
  private static final int DEFAULT_ROUNDS = 5;
  private static final int MOST_ROUNDS = 1000;

  @Override
  public String name() {
    return "map";
  }

  @Override
  public CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Measures, per GiB of guest RAM, what it costs to make it present, by page size and"
                + " number of threads, and to pin and map it for a device's DMA and to unmap it:"
                + " what a guest with an assigned device waits for at its start.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("BDF")
            .description(
                "A PCI device of the host whose IOMMU the RAM is mapped into; it is taken from its"
                    + " driver for the time, and does nothing.")
            .build());
    spec.addOption(
        OptionSpec.builder(SIZE)
            .type(String.class)
            .paramLabel("SIZE")
            .defaultValue("1G")
            .description("How much RAM each time (${DEFAULT-VALUE}).")
            .build());
    spec.addOption(BenchOptions.count(ROUNDS, DEFAULT_ROUNDS, "How often each is done"));
    spec.addOption(
        OptionSpec.builder(FORCE)
            .description("Takes the device also where the host uses it.")
            .build());
    return spec;
  }

  @Override
  public void measure(ParseResult arguments, BenchRun run) {
    Linux linux = Linux.system();
    long bytes = size(arguments.commandSpec().findOption(SIZE).getValue());
    int rounds = BenchOptions.count(arguments, ROUNDS, MOST_ROUNDS);
    String device = arguments.matchedPositionalValue(0, null);
    HostFiles files = HostFiles.system();
    run.outcome()
        .condition(
            "Huge pages for shared memory",
            files.text("/sys/kernel/mm/transparent_hugepage/shmem_enabled").orElse("not told"));
    try (Resources held = new Resources()) {
      Optional<DmaMapper> dma = Optional.empty();
      if (device == null) {
        run.outcome().gap("mapping for DMA", "no device was named: javelin bench map BDF");
      } else {
        dma = Optional.of(take(held, linux, files, device, arguments.hasMatchedOption(FORCE)));
        run.outcome().condition("Device", device);
      }
      new MapRounds(linux, bytes, threads(), dma, run).measure(rounds);
    } catch (BindingException | VfioException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }

  private static long size(String text) {
    try {
      return Units.parseSize(text);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, SIZE + " " + text + ": " + e.getMessage());
    }
  }

  private static DmaMapper take(
      Resources held, Linux linux, HostFiles files, String device, boolean force) {
    HostAddress address;
    try {
      address = HostAddress.parse(device);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, device + ": " + e.getMessage());
    }
    BindingHost host = BindingHost.system(line -> {});
    Recovery.run(host);
    held.own(HeldDevices.take(host, List.of(address), force));
    return held.own(new DmaSpace(linux, files, address.toString()));
  }

  /** 1, 2, 4 and so on, up to the number of CPUs. */
  private static List<Integer> threads() {
    int cpus = Runtime.getRuntime().availableProcessors();
    return java.util.stream.Stream.iterate(1, n -> n <= cpus, n -> 2 * n).toList();
  }
}
