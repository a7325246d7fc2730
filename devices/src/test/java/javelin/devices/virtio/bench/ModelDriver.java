package javelin.devices.virtio.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.Capabilities.Capability;
import javelin.devices.pci.PciRegisters;

/**
 * A guest's driver: finds the structures by the capabilities and sets the device up as virtio 1.2,
 * 3.1.1 and 4.1.5 say.
 */
public final class ModelDriver {
  public static final int ACKNOWLEDGE = 1;
  public static final int DRIVER = 2;
  public static final int DRIVER_OK = 4;
  public static final int FEATURES_OK = 8;
  public static final int NEEDS_RESET = 64;

  public static final long INDIRECT_DESC = 1L << 28;
  public static final long EVENT_IDX = 1L << 29;
  public static final long VERSION_1 = 1L << 32;
  public static final long RING_PACKED = 1L << 34;
  public static final long RING_RESET = 1L << 40;

  public static final int COMMON = 1;
  public static final int NOTIFY = 2;
  public static final int ISR = 3;
  public static final int DEVICE = 4;
  public static final int PCI_ACCESS = 5;

  /** Where the BAR is placed. */
  public static final long BAR = 0xc010_0000L;

  private static final long MESSAGES = 0xfee0_0000L;

  private final VirtioBench bench;
  private final int deviceFunction;

  /** By type: offset of the capability. */
  private final Map<Integer, Integer> capabilities = new HashMap<>();

  private final int msix;

  ModelDriver(VirtioBench bench, int deviceFunction) {
    this.bench = bench;
    this.deviceFunction = deviceFunction;
    List<Capability> found = Capabilities.standard(this::config);
    for (Capability capability : found) {
      if (capability.id() == Capabilities.VENDOR) {
        capabilities.put((int) config(capability.offset() + 3, 1), capability.offset());
      }
    }
    msix = Capabilities.find(found, Capabilities.MSIX).orElseThrow();
    place(BAR);
    config(PciRegisters.COMMAND, 2, PciRegisters.COMMAND_MEMORY | PciRegisters.COMMAND_MASTER);
  }

  /** Puts the BAR at {@code address}. */
  public void place(long address) {
    config(PciRegisters.BAR_0, 4, address);
  }

  /** Reads the configuration space. */
  public long config(int offset, int size) {
    return bench.pci.bus().read(deviceFunction, offset, size);
  }

  /** Writes the configuration space. */
  public void config(int offset, int size, long value) {
    bench.pci.bus().write(deviceFunction, offset, size, value);
  }

  /** Offset of the capability of a structure. */
  public int capability(int type) {
    return capabilities.get(type);
  }

  /** Address of a structure in the BAR. */
  public long address(int type) {
    return (config(PciRegisters.BAR_0, 4) & -16) + config(capabilities.get(type) + 8, 4);
  }

  /** Reads a field of a structure. */
  public long read(int type, int offset, int size) {
    return bench.mmio.read(address(type) + offset, size) & -1L >>> (64 - 8 * size);
  }

  /** Writes a field of a structure. */
  public void write(int type, int offset, int size, long value) {
    bench.write(address(type) + offset, size, value);
  }

  public int status() {
    return (int) read(COMMON, 0x14, 1);
  }

  public void status(int value) {
    write(COMMON, 0x14, 1, value);
  }

  /** The features that the device offers. */
  public long offered() {
    write(COMMON, 0x00, 4, 0);
    long low = read(COMMON, 0x04, 4);
    write(COMMON, 0x00, 4, 1);
    return low | read(COMMON, 0x04, 4) << 32;
  }

  /** Accepts features, and the layout of the rings; returns whether the device goes along. */
  public boolean negotiate(long wanted) {
    long features = wanted | RingLayout.current().feature();
    status(ACKNOWLEDGE);
    status(ACKNOWLEDGE | DRIVER);
    write(COMMON, 0x08, 4, 0);
    write(COMMON, 0x0c, 4, features & 0xffff_ffffL);
    write(COMMON, 0x08, 4, 1);
    write(COMMON, 0x0c, 4, features >>> 32);
    status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return (status() & FEATURES_OK) != 0;
  }

  /** Puts a message behind vector {@code vector} and lets it through. */
  public void unmask(int vector) {
    long entry = msixTable() + 16L * vector;
    bench.mmio.write(entry, 4, MESSAGES);
    bench.mmio.write(entry + 4, 4, 0);
    bench.mmio.write(entry + 8, 4, vector);
    bench.mmio.write(entry + 12, 4, 0);
  }

  /** Masks vector {@code vector}. */
  public void mask(int vector) {
    bench.mmio.write(msixTable() + 16L * vector + 12, 4, 1);
  }

  /** Address of the MSI-X table. */
  public long msixTable() {
    return (config(PciRegisters.BAR_0, 4) & -16) + (config(msix + 4, 4) & ~7);
  }

  /** The first 64 pending bits. */
  public long pending() {
    return bench.mmio.read((config(PciRegisters.BAR_0, 4) & -16) + (config(msix + 8, 4) & ~7), 8);
  }

  /** Number of MSI-X vectors. */
  public int vectors() {
    return (int) (config(msix + 2, 2) & 0x7ff) + 1;
  }

  /** Switches MSI-X. */
  public void msix(boolean isOn, boolean isMasked) {
    config(msix + 2, 2, (isOn ? 1 << 15 : 0) | (isMasked ? 1 << 14 : 0));
  }

  /** Switches MSI-X on with all vectors unmasked, the last one for configuration changes. */
  public void useMessages() {
    msix(true, false);
    for (int i = 0; i < vectors(); i++) {
      unmask(i);
    }
    write(COMMON, 0x10, 2, vectors() - 1L);
  }

  /** Tells the device where a queue is, and enables it. */
  public void queue(int index, ModelRing ring) {
    write(COMMON, 0x16, 2, index);
    write(COMMON, 0x18, 2, ring.size());
    write(COMMON, 0x1a, 2, index);
    write(COMMON, 0x20, 4, ring.descriptors());
    write(COMMON, 0x24, 4, ring.descriptors() >>> 32);
    write(COMMON, 0x28, 8, ring.available());
    write(COMMON, 0x30, 8, ring.used());
    write(COMMON, 0x1c, 2, 1);
  }

  /** The device may start. */
  public void ready() {
    status(status() | DRIVER_OK);
  }

  /** All of the above for a device with one queue in use. */
  public ModelRing start(long features, int size) {
    if (!negotiate(features | VERSION_1)) {
      throw new AssertionError("the device refuses features " + Long.toHexString(features));
    }
    useMessages();
    ModelRing ring = ModelRing.of(bench.memory, 0x1_0000, size);
    queue(0, ring);
    ready();
    return ring;
  }

  /** Notifies the device of queue {@code index}, and waits until it has looked. */
  public void notify(int index) {
    write(NOTIFY, (int) config(capabilities.get(NOTIFY) + 16, 4) * index, 2, index);
    bench.settle();
  }
}
