package javelin.devices.virtio.console;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.console.NullBackend;
import javelin.devices.console.SerialBackend;
import javelin.devices.console.TerminalSize;
import javelin.devices.virtio.VirtioDevice;
import javelin.devices.virtio.VirtioTransport;
import javelin.devices.virtio.queue.QueueHandler;
import javelin.vmm.linux.Resources;

/**
 * A console device (virtio 1.2, 5.3) on the back ends of the serial port: either one console,
 * {@code hvc0} in Linux, with the size of its terminal, or ports with names.
 *
 * <p>Not both at once. With ports a console would be told its new size by a message in which some
 * releases of Linux take lines for columns; without them the size is in the configuration space,
 * where all agree on it. So a guest with both gets two devices.
 *
 * <p>Ports with names are counted from 1. Port 0, which every driver has, is then of no use: the
 * driver does not hear of it.
 */
public final class VirtioConsole implements VirtioDevice {
  /** The most ports with names: each takes two of 64 queues, as port 0 and control do. */
  public static final int MAX_PORTS = 30;

  static final int QUEUE_SIZE = 64;
  static final long SIZE = 1L << 0;
  static final long MULTIPORT = 1L << 1;

  private static final int TYPE = 3;
  private static final int PCI_CLASS = 0x078000;

  /** le16 columns, le16 rows, le32 ports, le32 for a driver without queues, not offered. */
  private static final int CONFIG_LENGTH = 12;

  private static final int ROWS_SHIFT = 16;
  private static final int PORTS_SHIFT = 32;

  /** Queues of port 0, then of control: to the driver, from the driver. */
  private static final int CONTROL_TO_DRIVER = 2;

  private static final int CONTROL_FROM_DRIVER = 3;

  /** By number of the port. */
  private final List<SerialBackend> backends;

  private final PortInput[] inputs;

  /** Null where there are no ports with names. */
  private final PortControl control;

  private volatile TerminalSize size;

  /** Null until the first queue has its handler. */
  private volatile VirtioTransport transport;

  private VirtioConsole(List<SerialBackend> backends, List<String> names) {
    this.backends = List.copyOf(backends);
    inputs = new PortInput[backends.size()];
    control = names.isEmpty() ? null : new PortControl(names, this::open);
    size = backends.get(0).terminalSize();
  }

  /** A console on {@code backend}, which is closed with it. */
  public static VirtioConsole console(SerialBackend backend) {
    return new VirtioConsole(List.of(backend), List.of());
  }

  /**
   * Ports with names.
   *
   * @param ports 1 to {@link #MAX_PORTS}; their back ends are closed with the device
   */
  public static VirtioConsole ports(List<NamedPort> ports) {
    if (ports.isEmpty() || ports.size() > MAX_PORTS) {
      throw new IllegalArgumentException("a device has 1 to " + MAX_PORTS + " ports");
    }
    List<SerialBackend> backends = new ArrayList<>();
    backends.add(new NullBackend());
    ports.forEach(port -> backends.add(port.backend()));
    return new VirtioConsole(backends, ports.stream().map(NamedPort::name).toList());
  }

  private void open(int port, boolean isOpen) {
    inputs[port].open(isOpen);
  }

  /** Looks at the size of the terminal, and tells the driver where it has changed. */
  public void resized() {
    TerminalSize now = backends.get(0).terminalSize();
    VirtioTransport driver = transport;
    if (driver != null && !now.equals(size)) {
      size = now;
      driver.configChanged();
    }
  }

  @Override
  public int type() {
    return TYPE;
  }

  @Override
  public int pciClass() {
    return PCI_CLASS;
  }

  @Override
  public String name() {
    return "virtio-console";
  }

  @Override
  public long features() {
    if (control != null) {
      return MULTIPORT;
    }
    return size.equals(TerminalSize.UNKNOWN) ? 0 : SIZE;
  }

  @Override
  public int queues() {
    return control == null ? 2 : 2 + 2 * backends.size();
  }

  @Override
  public int queueSize() {
    return QUEUE_SIZE;
  }

  @Override
  public QueueHandler handler(int index, VirtioTransport toDriver) {
    transport = toDriver;
    if (control != null && index == CONTROL_TO_DRIVER) {
      return control.toDriver();
    }
    if (control != null && index == CONTROL_FROM_DRIVER) {
      return control.fromDriver(toDriver, CONTROL_TO_DRIVER);
    }
    int port = index < CONTROL_TO_DRIVER ? 0 : index / 2 - 1;
    SerialBackend backend = backends.get(port);
    if (index % 2 == 1) {
      return new PortOutput(backend);
    }
    inputs[port] = new PortInput(backend, toDriver, index, index + 1);
    backend.attach(inputs[port]);
    return inputs[port];
  }

  @Override
  public int configLength() {
    return CONFIG_LENGTH;
  }

  @Override
  public long readConfig(int offset, int length) {
    TerminalSize now = size;
    long fields =
        now.columns() | (long) now.rows() << ROWS_SHIFT | (long) backends.size() << PORTS_SHIFT;
    return offset < Long.BYTES ? fields >>> (Byte.SIZE * offset) : 0;
  }

  @Override
  public void negotiated(long features) {
    if ((features & MULTIPORT) == 0) {
      open(0, true);
    }
  }

  @Override
  public void reset() {
    for (PortInput input : inputs) {
      input.open(false);
    }
    if (control != null) {
      control.reset();
    }
  }

  @Override
  public void close() {
    try (Resources all = new Resources()) {
      backends.forEach(all::own);
    }
  }
}
