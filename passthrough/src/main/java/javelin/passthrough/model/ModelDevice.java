package javelin.passthrough.model;

import java.util.List;
import java.util.Optional;
import javelin.devices.pci.BarSet;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.EventFd;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.Mapping;
import javelin.vmm.linux.Resources;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A device in this process that answers as vfio-pci does for a real one: BARs that are not decoded
 * read as all ones, the MSI-X table is the host's own, a reset leaves the configuration space as it
 * was, and requests that the kernel refuses are refused with EINVAL.
 *
 * <p>One lock guards it, its model included. Closing it twice is an error, as is using it
 * afterwards.
 */
public final class ModelDevice implements VfioDevice {
  private static final long NOTHING = -1;

  private final String name;
  private final DeviceModel model;
  private final ModelShape shape;
  private final ConfigSpace config;
  private final EventLoop loop;
  private final BusMemory memory;
  private final ModelInterrupts interrupts;
  private final ModelMemory[] memories = new ModelMemory[BarSet.COUNT];
  private final Resources owned = new Resources();
  private int resets;
  private boolean isClosed;

  /**
   * @param loop runs what takes time, and stays the caller's
   * @param memory what DMA reaches
   */
  public ModelDevice(
      Linux linux, String name, DeviceModel model, EventLoop loop, BusMemory memory) {
    this(linux, name, model, loop, memory, SignalGate.OPEN);
  }

  /**
   * As above.
   *
   * @param gate what interrupts go through
   */
  public ModelDevice(
      Linux linux,
      String name,
      DeviceModel model,
      EventLoop loop,
      BusMemory memory,
      SignalGate gate) {
    this.name = name;
    this.model = model;
    this.loop = loop;
    this.memory = memory;
    shape = model.shape();
    config = shape.config();
    interrupts = new ModelInterrupts(name, shape, loop, gate, this);
    try {
      for (int i = 0; i < memories.length; i++) {
        VfioRegion region = shape.region(i);
        if (!region.areas().isEmpty()) {
          memories[i] = owned.own(new ModelMemory(linux, name + " BAR " + i, region.size()));
        }
      }
    } catch (RuntimeException e) {
      owned.closeAfter(e);
      throw e;
    }
    model.connect(new Host());
  }

  private final class Host implements ModelHost {
    @Override
    public boolean readMemory(long address, byte[] target, int offset, int length) {
      return shape.isMaster() && memory.read(address, target, offset, length);
    }

    @Override
    public boolean writeMemory(long address, byte[] source, int offset, int length) {
      return shape.isMaster() && memory.write(address, source, offset, length);
    }

    @Override
    public void pin(boolean isAsserted) {
      long status = config.read(PciRegisters.STATUS, 2) & ~PciRegisters.STATUS_INTERRUPT;
      config.set(PciRegisters.STATUS, 2, status | (isAsserted ? PciRegisters.STATUS_INTERRUPT : 0));
      interrupts.pin(isAsserted);
    }

    @Override
    public boolean isOn(int irq) {
      return interrupts.isOn(irq);
    }

    @Override
    public void message(int irq, int vector) {
      if (shape.isMaster()) {
        interrupts.message(irq, vector);
      }
    }

    @Override
    public UnsafeBuffer memory(int bar) {
      return memories[bar].view();
    }

    @Override
    public void later(Runnable work) {
      loop.execute(
          () -> {
            synchronized (ModelDevice.this) {
              if (!isClosed) {
                work.run();
              }
            }
          });
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean canReset() {
    return shape.canReset();
  }

  @Override
  public VfioRegion region(int index) {
    return shape.region(index);
  }

  @Override
  public VfioIrq irq(int index) {
    return shape.irq(index);
  }

  @Override
  public synchronized long read(int region, long offset, int size) {
    requireOpen();
    if (region == VfioRegion.CONFIG) {
      return config.read((int) offset, size);
    }
    if (!answers(region, offset, size)) {
      return NOTHING;
    }
    ModelMemory mapped = memories[region];
    return mapped != null ? mapped.read(offset, size) : model.read(region, offset, size);
  }

  @Override
  public synchronized void write(int region, long offset, int size, long value) {
    requireOpen();
    if (region == VfioRegion.CONFIG) {
      writeConfig((int) offset, size, value);
    } else if (answers(region, offset, size)) {
      if (memories[region] != null) {
        memories[region].write(offset, size, value);
      } else {
        model.write(region, offset, size, value);
      }
    }
  }

  private boolean answers(int region, long offset, int size) {
    return ModelShape.isBar(region)
        && shape.isDecoded(region)
        && offset + size <= shape.region(region).size()
        && !shape.isTable(region, offset, size);
  }

  private void writeConfig(int offset, int size, long value) {
    config.write(offset, size, value);
    long command = config.read(PciRegisters.COMMAND, 2);
    interrupts.pinDisabled((command & PciRegisters.COMMAND_INTX_DISABLE) != 0);
    if (shape.startsReset(offset, size, value)) {
      resetFunction();
    }
  }

  private void resetFunction() {
    resets++;
    shape.wakeUp();
    model.reset();
  }

  @Override
  public synchronized Mapping map(int region, long offset, long length) {
    requireOpen();
    if (!ModelShape.isBar(region) || memories[region] == null) {
      throw new ErrnoException("mmap", name + " region " + region, Errno.EINVAL.number());
    }
    return memories[region].map(offset, length);
  }

  @Override
  public synchronized void trigger(int irq, int start, List<EventFd> events) {
    requireOpen();
    interrupts.trigger(irq, start, events);
  }

  @Override
  public synchronized void disable(int irq) {
    requireOpen();
    interrupts.disable(irq);
  }

  @Override
  public synchronized void mask() {
    requireOpen();
    interrupts.mask();
  }

  @Override
  public synchronized void unmask() {
    requireOpen();
    interrupts.unmask();
  }

  @Override
  public synchronized void unmaskBy(EventFd event) {
    requireOpen();
    interrupts.unmaskBy(event);
  }

  @Override
  public synchronized void reset() {
    requireOpen();
    if (!shape.canReset()) {
      throw new ErrnoException("VFIO_DEVICE_RESET", name, Errno.EINVAL.number());
    }
    resetFunction();
  }

  /** How often the function was reset, by VFIO or by its guest. */
  public synchronized int resets() {
    return resets;
  }

  /** Whether no kind of interrupt is on. */
  public synchronized boolean isSilent() {
    return !interrupts.isOn(VfioIrq.INTX)
        && !interrupts.isOn(VfioIrq.MSI)
        && !interrupts.isOn(VfioIrq.MSIX);
  }

  /** The memory that a mapped BAR is; none where the BAR is registers. */
  public Optional<Fd> memoryOf(int region) {
    return ModelShape.isBar(region) && memories[region] != null
        ? Optional.of(memories[region].fd())
        : Optional.empty();
  }

  /** The registers of which a write may come as a ring; see {@link #ring}. */
  public List<ModelDoorbell> modelDoorbells() {
    return shape.doorbells();
  }

  /** Whether a BAR is one of ports. */
  public boolean isPorts(int bar) {
    return shape.isPorts(bar);
  }

  /**
   * A doorbell was rung, in place of writes.
   *
   * @param times how often, as {@link DeviceModel#rung} is told
   */
  public synchronized void ring(ModelDoorbell doorbell, long times) {
    requireOpen();
    if (answers(doorbell.bar(), doorbell.offset(), doorbell.size())) {
      model.rung(doorbell, times);
    }
  }

  /** Signals a vector as the device does (VFIO_IRQ_SET_DATA_NONE, _ACTION_TRIGGER). */
  public synchronized void signal(int irq, int vector) {
    requireOpen();
    interrupts.signal(irq, vector);
  }

  /** Switches off whichever kind of interrupt is on. */
  public synchronized void silence() {
    requireOpen();
    interrupts.silence();
  }

  private void requireOpen() {
    if (isClosed) {
      throw new IllegalStateException(name + " is used after it was closed");
    }
  }

  @Override
  public synchronized void close() {
    requireOpen();
    interrupts.unmaskBy(null);
    isClosed = true;
    owned.close();
  }
}
