package javelin.perf.nic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import javelin.boot.cli.CommandException;
import javelin.boot.cli.ExitCode;
import javelin.boot.lab.LabException;
import javelin.boot.lab.LabKernel;
import javelin.boot.machine.Units;
import javelin.passthrough.host.HostDevice;
import javelin.perf.bench.BenchRun;
import javelin.perf.bench.GuestKernel;
import javelin.perf.bench.HostTool;
import javelin.perf.bench.JavelinLauncher;
import javelin.perf.linux.BenchInitramfs;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;

/**
 * TCP between a Linux guest and the host over a network card's wire: the host's end is an interface
 * of its own, so that the same wire is between them on all sides.
 */
public final class NicBench {
  private static final String WHAT = "TCP exchanges";
  private static final List<String> VIRTIO_MODULES = List.of("virtio_pci", "virtio_net");

  private final NicOptions options;
  private final Nic nic;
  private final boolean force;

  private NicBench(NicOptions options, Nic nic, boolean force) {
    this.options = options;
    this.nic = nic;
    this.force = force;
  }

  /** Whether a device is a network card. */
  public static boolean isFor(HostDevice device) {
    return Nic.isOne(device);
  }

  /**
   * Looks at the card and its wire, while the host has both.
   *
   * @param options with a wire
   * @param force also where the host uses them
   * @throws CommandException saying why they cannot be measured
   */
  public static NicBench of(NicOptions options, HostDevice device, boolean force) {
    Nic nic = Nic.find(HostFiles.system(), System.getenv(), device, options.wire(), force);
    return new NicBench(options, nic, force);
  }

  /** States that there are no exchanges, for want of a wire. */
  public static void withoutWire(BenchRun run) {
    run.outcome()
        .gap(
            WHAT,
            "with %s, name the host's interface at the other end of the card's cable"
                .formatted(NicOptions.WIRE));
  }

  /**
   * Measures all sides in turn; what stands against it is a gap.
   *
   * @param say tells the user, a line each, what is done with the host's devices
   */
  public void measure(List<NicSide> sides, int rounds, BenchRun run, Consumer<String> say)
      throws IOException, InterruptedException {
    if (sides.isEmpty()) {
      return;
    }
    Path initrd = Files.createTempFile("javelin-bench-", ".cpio");
    try {
      LabKernel kernel = kernel();
      NicGuest guest =
          new NicGuest(
              JavelinLauncher.require("assign"),
              kernel.image(),
              initrd,
              options.features(),
              force,
              options.limit());
      writeInitramfs(kernel, initrd);
      try (Wire wire = new Wire(nic.wire(), Linux.system(), say)) {
        describe(kernel, rounds, run);
        new NicRounds(run, options, nic, guest, wire, say).measure(sides, rounds);
      }
    } catch (LabException | CommandException | IOException e) {
      run.outcome().gap(WHAT, e.getMessage());
    } finally {
      Files.deleteIfExists(initrd);
    }
  }

  private void writeInitramfs(LabKernel kernel, Path file)
      throws IOException, InterruptedException {
    Set<String> modules = new LinkedHashSet<>(VIRTIO_MODULES);
    modules.addAll(nic.modules());
    Path busybox = HostTool.require("busybox", "busybox-static");
    new BenchInitramfs(kernel, List.copyOf(modules), busybox, null, true).write(file);
  }

  private LabKernel kernel() {
    return LabKernel.of(
        GuestKernel.find(options.kernel())
            .orElseThrow(() -> new CommandException(ExitCode.START_ERROR, GuestKernel.MISSING)));
  }

  private void describe(LabKernel kernel, int rounds, BenchRun run) {
    String switches = options.features().isEmpty() ? "" : " with " + options.features();
    run.outcome()
        .condition(
            "Guest of TCP",
            "Linux %s, %d MiB, CPUs: 1%s".formatted(kernel.release(), NicGuest.MEGABYTES, switches))
        .condition(
            "Wire",
            "from %s on the host to %s (%s)"
                .formatted(
                    nic.wire().name(), nic.device().address(), String.join(", ", nic.modules())))
        .condition(
            "TCP",
            "%s each, after %s of warming up; sides in turn, %d rounds; counts of the monitor's"
                    .formatted(Units.format(options.time()), Units.format(options.warmUp()), rounds)
                + " process for each operation, of streams for each MiB");
  }
}
