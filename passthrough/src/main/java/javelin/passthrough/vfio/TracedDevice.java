package javelin.passthrough.vfio;

import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Mapping;

/** A device of which each call is told, and each access to its registers with its time. */
public final class TracedDevice extends ForwardingDevice {
  private static final double NANOS_PER_MICRO = 1000.0;
  private static final List<String> IRQS = List.of("INTx", "MSI", "MSI-X", "error", "request");

  private final Consumer<String> calls;
  private final Consumer<String> accesses;

  /**
   * A device that goes on to {@code device}.
   *
   * @param calls hears of calls that change something
   * @param accesses hears of reads and writes
   */
  public TracedDevice(VfioDevice device, Consumer<String> calls, Consumer<String> accesses) {
    super(device);
    this.calls = calls;
    this.accesses = accesses;
  }

  private void call(String format, Object... arguments) {
    calls.accept(name() + " " + String.format(Locale.ROOT, format, arguments));
  }

  private static String irqName(int irq) {
    return irq < IRQS.size() ? IRQS.get(irq) : "interrupt " + irq;
  }

  private static String regionName(int region) {
    return region == VfioRegion.CONFIG
        ? "config"
        : region == VfioRegion.ROM ? "ROM" : "BAR " + region;
  }

  private void access(String verb, int region, long offset, int size, long value, long start) {
    double micros = (System.nanoTime() - start) / NANOS_PER_MICRO;
    accesses.accept(
        String.format(
            Locale.ROOT,
            "%s %s %s +0x%x, %d: 0x%x, %.1f us",
            name(),
            regionName(region),
            verb,
            offset,
            size,
            value,
            micros));
  }

  @Override
  public long read(int region, long offset, int size) {
    long start = System.nanoTime();
    long value = device.read(region, offset, size);
    access("read", region, offset, size, value, start);
    return value;
  }

  @Override
  public void write(int region, long offset, int size, long value) {
    long start = System.nanoTime();
    device.write(region, offset, size, value);
    access("write", region, offset, size, value, start);
  }

  @Override
  public Mapping map(int region, long offset, long length) {
    call("map %s 0x%x-0x%x", regionName(region), offset, offset + length - 1);
    return device.map(region, offset, length);
  }

  @Override
  public void trigger(int irq, int start, List<EventFd> events) {
    long signalled = events.stream().filter(event -> event != null).count();
    call(
        "trigger %s vectors %d-%d, %d with an eventfd",
        irqName(irq), start, start + events.size() - 1, signalled);
    device.trigger(irq, start, events);
  }

  @Override
  public void disable(int irq) {
    call("disable %s", irqName(irq));
    device.disable(irq);
  }

  @Override
  public void mask() {
    call("mask INTx");
    device.mask();
  }

  @Override
  public void unmask() {
    call("unmask INTx");
    device.unmask();
  }

  @Override
  public void unmaskBy(EventFd event) {
    call("unmask INTx by eventfd");
    device.unmaskBy(event);
  }

  @Override
  public void reset() {
    call("reset");
    device.reset();
  }

  @Override
  public void resetBus() {
    call("hot reset");
    device.resetBus();
  }

  @Override
  public void whenGone(Runnable handler) {
    device.whenGone(
        () -> {
          call("gone");
          handler.run();
        });
  }

  @Override
  public void close() {
    call("close");
    device.close();
  }
}
