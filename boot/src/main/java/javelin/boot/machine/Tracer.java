package javelin.boot.machine;

import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import javelin.passthrough.vfio.TracedDevice;
import javelin.passthrough.vfio.VfioDevice;
import javelin.vmm.irq.IrqLine;
import javelin.vmm.machine.ExitTracer;

/** Writes what the user asked to see, a line each, as it happens. */
final class Tracer implements ExitTracer {
  private final Set<TraceKind> kinds;
  private final Consumer<String> out;
  private boolean launchSaid;

  /**
   * @param kinds what is written
   * @param out takes the lines, on any thread
   */
  Tracer(Set<TraceKind> kinds, Consumer<String> out) {
    this.kinds = kinds;
    this.out = out;
  }

  /** The tracer of exits, or null where none are to be seen. */
  ExitTracer exits() {
    return kinds.contains(TraceKind.EXITS)
            || kinds.contains(TraceKind.PIO)
            || kinds.contains(TraceKind.MMIO)
        ? this
        : null;
  }

  /** {@code line}, traced if interrupts are. */
  IrqLine line(int gsi, IrqLine line) {
    if (!kinds.contains(TraceKind.IRQ)) {
      return line;
    }
    return active -> {
      print("irq: GSI %d %s", gsi, active ? "active" : "inactive");
      line.set(active);
    };
  }

  /** {@code device}, traced if its calls or its accesses are. */
  VfioDevice device(VfioDevice device) {
    if (!kinds.contains(TraceKind.VFIO) && !kinds.contains(TraceKind.BAR)) {
      return device;
    }
    return new TracedDevice(
        device, line -> line(TraceKind.VFIO, line), line -> line(TraceKind.BAR, line));
  }

  /** Says, once, what the launch has behind it, if that is to be seen; it has been said then. */
  synchronized void launch(LaunchTimes times) {
    if (kinds.contains(TraceKind.LAUNCH) && !launchSaid) {
      launchSaid = true;
      ProcessStart process = ProcessStart.find();
      times.reached(LaunchPhase.LAUNCHER, process.jvm());
      times.lines(process.start()).forEach(line -> line(TraceKind.LAUNCH, line));
    }
  }

  private void print(String format, Object... arguments) {
    out.accept(String.format(Locale.ROOT, format, arguments));
  }

  private void line(TraceKind kind, String line) {
    if (kinds.contains(kind)) {
      out.accept(kind.name().toLowerCase(Locale.ROOT) + ": " + line);
    }
  }

  @Override
  public void port(int vcpu, int port, int size, boolean isWrite, long value) {
    if (kinds.contains(TraceKind.EXITS) || kinds.contains(TraceKind.PIO)) {
      access("pio", vcpu, port, size, isWrite, value);
    }
  }

  @Override
  public void mmio(int vcpu, long address, int size, boolean isWrite, long value) {
    if (kinds.contains(TraceKind.EXITS) || kinds.contains(TraceKind.MMIO)) {
      access("mmio", vcpu, address, size, isWrite, value);
    }
  }

  private void access(String space, int vcpu, long address, int size, boolean isWrite, long value) {
    print(
        "%s: vCPU %d %s 0x%x, %d: 0x%x",
        space, vcpu, isWrite ? "write" : "read", address, size, value);
  }

  @Override
  public void other(int vcpu, int exitReason) {
    if (kinds.contains(TraceKind.EXITS)) {
      print("exit: vCPU %d reason %d", vcpu, exitReason);
    }
  }
}
