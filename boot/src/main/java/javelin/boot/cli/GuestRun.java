package javelin.boot.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javelin.boot.host.HostCheck;
import javelin.boot.kernel.KernelLoadException;
import javelin.boot.machine.ConfigException;
import javelin.boot.machine.LaunchTimes;
import javelin.boot.machine.MachineConfig;
import javelin.boot.machine.PcMachine;
import javelin.boot.machine.SerialBackends;
import javelin.boot.machine.SerialSpec;
import javelin.devices.console.BackendException;
import javelin.passthrough.vfio.VfioException;
import javelin.vmm.event.ListenException;
import javelin.vmm.kvm.KvmException;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.HostFiles;
import javelin.vmm.linux.Linux;
import javelin.vmm.machine.StopReason;
import javelin.vmm.memory.RamException;

/**
 * One run of a guest: the machine, the terminal, the signals, and what is said at the end.
 *
 * <p>The guest's console has standard output for itself; all of Javelin's own words go to standard
 * error.
 */
final class GuestRun {
  private static final int STDIN = 0;

  private final MachineConfig config;
  private final boolean table;
  private final boolean force;
  private final PrintWriter err;
  private final Linux linux;
  private final LaunchTimes launch;

  /** The machine and its report once they are made; the console's keys come from another thread. */
  private volatile PcMachine machine;

  private volatile RunReport report;

  /**
   * Prepares a run.
   *
   * @param table whether the table of exits is shown at the end
   * @param force devices are taken also where the host uses them
   * @param err where Javelin's own words go
   * @param linux the calls that all of it is made with
   * @param launch what the launch has behind it until now
   */
  GuestRun(
      MachineConfig config,
      boolean table,
      boolean force,
      PrintWriter err,
      Linux linux,
      LaunchTimes launch) {
    this.config = config;
    this.table = table;
    this.force = force;
    this.err = err;
    this.linux = linux;
    this.launch = launch;
  }

  /**
   * Runs the guest.
   *
   * @return the exit code
   * @throws CommandException where the guest cannot be started
   */
  @SuppressWarnings("try") // the terminal and the signal are there to be closed
  int run() throws InterruptedException {
    long start = System.nanoTime();
    checkHost();
    boolean usesStdio =
        config.serial().kind() == SerialSpec.Kind.STDIO || config.virtio().consoles().usesStdio();
    boolean onTerminal = usesStdio && RawTerminal.isTerminal(linux, STDIN);
    StopReason reason;
    int signal;
    List<String> atEnd = new ArrayList<>();
    // The machine closes its devices before they are given back.
    try (HostDevices devices = HostDevices.hold(config, force, linux, this::say);
        PcMachine pc = build(onTerminal ? new ConsoleKeys(new Keys()) : null)) {
      machine = pc;
      report = new RunReport(pc.stats());
      try (StopSignals signals = new StopSignals(new Stopper(pc), StopSignals.GRACE, this::say);
          SignalHook resizing = new SignalHook("WINCH", (name, number) -> pc.terminalResized());
          ControlSocket control = control(pc);
          RawTerminal terminal = onTerminal ? RawTerminal.open(linux, STDIN) : null) {
        reason = pc.run();
        signal = signals.received();
      }
      if (reason instanceof StopReason.Crashed crashed) {
        err.println(pc.crashReport(crashed.crash()));
      } else if (reason instanceof StopReason.TimedOut) {
        showVcpus(pc);
      }
      atEnd.addAll(pc.assignmentReport());
      pc.balloon().ifPresent(balloon -> atEnd.addAll(balloon.report()));
    }
    Duration wallTime = Duration.ofNanos(System.nanoTime() - start);
    if (table) {
      report.table().forEach(err::println);
      atEnd.forEach(err::println);
    }
    say(report.summary(reason, wallTime));
    if (reason instanceof StopReason.Failed failed) {
      throw new IllegalStateException(failed.cause());
    }
    return RunReport.exitCode(reason, signal);
  }

  /** The socket that takes commands; null where there is to be none. */
  private ControlSocket control(PcMachine pc) {
    if (config.control() == null) {
      return null;
    }
    try {
      return new ControlSocket(
          linux,
          config.control().toString(),
          new ControlCommands(new Stopper(pc), pc.balloon(), report::table));
    } catch (ListenException | ErrnoException e) {
      throw new CommandException(
          ExitCode.START_ERROR, "--control " + config.control() + ": " + e.getMessage());
    }
  }

  /** A guest that did not end in time may hang: this is where. */
  private void showVcpus(PcMachine pc) {
    for (int i = 0; i < config.cpus(); i++) {
      err.println("vCPU " + i + " at the end of --timeout:");
      pc.vcpuReport(i).lines().forEach(err::println);
      err.println();
    }
  }

  /** Before a device is taken. */
  private void checkHost() {
    try {
      HostCheck.check(config, HostFiles.system());
    } catch (ConfigException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }

  private PcMachine build(ConsoleKeys keys) {
    try {
      return new PcMachine(
          linux,
          config,
          loop -> SerialBackends.open("serial console", config.serial(), loop, keys, this::say),
          err::println,
          PcMachine.devices(linux, config, this::say),
          (user, spec, loop) -> SerialBackends.open(user, spec, loop, keys, this::say),
          launch);
    } catch (ConfigException
        | KvmException
        | RamException
        | VfioException
        | BackendException
        | KernelLoadException
        | ErrnoException e) {
      throw new CommandException(ExitCode.START_ERROR, e.getMessage());
    }
  }

  private void say(String message) {
    err.println("javelin: " + message);
    err.flush();
  }

  private record Stopper(PcMachine pc) implements StopSignals.Target {
    @Override
    public boolean pressPowerButton() {
      return pc.pressPowerButton();
    }

    @Override
    public void stop(String by) {
      pc.stop(by);
    }
  }

  /** What the console's keys do; before the machine is there, nothing. */
  private final class Keys implements ConsoleKeys.Actions {
    @Override
    public void end() {
      if (machine != null) {
        machine.stop("Ctrl-A x");
      }
    }

    @Override
    public void showStatistics() {
      if (report != null) {
        err.println();
        report.table().forEach(err::println);
        err.flush();
      }
    }

    @Override
    public void showHelp() {
      err.println();
      say(ConsoleKeys.HELP);
    }
  }
}
