package javelin.passthrough.model;

import java.util.ArrayList;
import java.util.List;
import javelin.devices.pci.BarSet;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;

/**
 * What a device looks like from outside: configuration space as vfio-pci shows it, BARs, interrupts
 * and whether it can be reset. BAR registers can be sized; what the kernel keeps to itself, such as
 * the enable bits of MSI and MSI-X, is read-only.
 */
public final class ModelShape {
  /** Flags of a BAR register. */
  public static final int IO = 1;

  public static final int MEMORY_64 = 4;
  public static final int PREFETCHABLE = 8;

  private static final int COMMAND_WRITABLE =
      PciRegisters.COMMAND_IO
          | PciRegisters.COMMAND_MEMORY
          | PciRegisters.COMMAND_MASTER
          | PciRegisters.COMMAND_INTX_DISABLE;
  private static final int ABSENT = -1;

  /** Bytes of capabilities, and fields in them (uapi linux/pci_regs.h). */
  private static final int POWER_LENGTH = 8;

  private static final int POWER_CAPABILITIES = 2;
  private static final int POWER_VERSION = 3;
  private static final int POWER_CONTROL = 4;
  private static final int POWER_NO_SOFT_RESET = 8;
  private static final int POWER_STATE = 3;
  private static final int MSI_LENGTH = 14;
  private static final int MSI_CONTROL = 2;
  private static final int MSI_CONTROL_64 = 0x80;
  private static final int MSI_CONTROL_MASKABLE = 0x100;

  /** Two bytes to the next word, the mask bits and the pending bits. */
  private static final int MSI_MASKS_LENGTH = 10;

  private static final int MSIX_LENGTH = 12;
  private static final int MSIX_CONTROL = 2;
  private static final int MSIX_TABLE = 4;
  private static final int MSIX_PENDING = 8;
  private static final int EXPRESS_LENGTH = 60;
  private static final int EXPRESS_FLAGS = 2;
  private static final int EXPRESS_VERSION = 2;
  private static final int EXPRESS_CAPABILITIES = 4;
  private static final int EXPRESS_FLR = 1 << 28;
  private static final int EXPRESS_CONTROL = 8;
  private static final int EXPRESS_CONTROL_WRITABLE = 0x7fff;

  private final ConfigSpace config;
  private final VfioRegion[] regions = new VfioRegion[VfioRegion.CONFIG + 1];
  private final VfioIrq[] irqs = new VfioIrq[VfioIrq.REQUEST + 1];
  private final List<ModelDoorbell> doorbells = new ArrayList<>();
  private boolean canReset;
  private int power = ABSENT;
  private int express = ABSENT;
  private VfioRegion.Area table = new VfioRegion.Area(0, 0);
  private int tableBar = ABSENT;

  /** A function without BARs, capabilities and interrupts. */
  public ModelShape(PciIdentity identity, int length) {
    config =
        new ConfigSpace(length)
            .set(PciRegisters.VENDOR, 2, identity.vendor())
            .set(PciRegisters.DEVICE, 2, identity.device())
            .set(PciRegisters.REVISION, 1, identity.revision())
            .set(PciRegisters.CLASS_CODE, 3, identity.classCode())
            .set(PciRegisters.SUBSYSTEM_VENDOR, 2, identity.subsystemVendor())
            .set(PciRegisters.SUBSYSTEM, 2, identity.subsystem())
            .writable(PciRegisters.COMMAND, 2, COMMAND_WRITABLE)
            .writable(PciRegisters.INTERRUPT_LINE, 1, 0xff);
    for (int i = 0; i < regions.length; i++) {
      regions[i] = VfioRegion.absent(i);
    }
    for (int i = 0; i < irqs.length; i++) {
      irqs[i] = VfioIrq.absent(i);
    }
    int access = VfioRegion.FLAG_READ | VfioRegion.FLAG_WRITE;
    regions[VfioRegion.CONFIG] = new VfioRegion(VfioRegion.CONFIG, length, access, List.of());
  }

  /** Adds a BAR of registers. */
  public ModelShape bar(int index, long size, int flags) {
    return bar(index, size, flags, List.of());
  }

  /** Adds a BAR of memory that may be mapped. */
  public ModelShape mappedBar(int index, long size, int flags) {
    return bar(index, size, flags, List.of(new VfioRegion.Area(0, size)));
  }

  /** Adds a BAR of which {@code areas} may be mapped. */
  public ModelShape bar(int index, long size, int flags, List<VfioRegion.Area> areas) {
    int access = VfioRegion.FLAG_READ | VfioRegion.FLAG_WRITE;
    int mappable = areas.isEmpty() ? 0 : VfioRegion.FLAG_MMAP;
    regions[index] = new VfioRegion(index, size, access | mappable, areas);
    int register = PciRegisters.BAR_0 + index * Integer.BYTES;
    int registers = (flags & MEMORY_64) != 0 ? 2 : 1;
    long flagMask = (flags & IO) != 0 ? 3 : 0xf;
    config.set(register, Integer.BYTES, flags);
    config.writable(register, registers * Integer.BYTES, -size & ~flagMask);
    return this;
  }

  /**
   * Has writes of {@code size} bytes to a register come as rings where they can: their value must
   * not matter.
   *
   * @throws IllegalArgumentException where the register lies in no BAR of registers
   */
  public ModelShape doorbell(int bar, long offset, int size) {
    return doorbell(new ModelDoorbell(bar, offset, size, false, 0));
  }

  /** As above, for writes of {@code value} only. */
  public ModelShape doorbell(int bar, long offset, int size, long value) {
    return doorbell(new ModelDoorbell(bar, offset, size, true, value));
  }

  private ModelShape doorbell(ModelDoorbell doorbell) {
    VfioRegion region = regions[doorbell.bar()];
    long last = region.size() - doorbell.size();
    if (!region.areas().isEmpty() || doorbell.offset() < 0 || doorbell.offset() > last) {
      throw new IllegalArgumentException(doorbell + " is in no BAR of registers");
    }
    doorbells.add(doorbell);
    return this;
  }

  /** The registers of which a write may come as a ring. */
  List<ModelDoorbell> doorbells() {
    return List.copyOf(doorbells);
  }

  /** Adds an expansion ROM; what is in it, the fake kernel says. */
  public ModelShape rom(long size) {
    regions[VfioRegion.ROM] = new VfioRegion(VfioRegion.ROM, size, VfioRegion.FLAG_READ, List.of());
    return this;
  }

  /** Adds pin INTA. */
  public ModelShape pin() {
    config.set(PciRegisters.INTERRUPT_PIN, 1, 1);
    irqs[VfioIrq.INTX] = new VfioIrq(VfioIrq.INTX, 1, 0);
    return this;
  }

  /** Has VFIO tell of errors of the device, and that the host wants it back. */
  public ModelShape signals() {
    for (int irq : new int[] {VfioIrq.ERROR, VfioIrq.REQUEST}) {
      irqs[irq] = new VfioIrq(irq, 1, 0);
    }
    return this;
  }

  /** Adds MSI with one 64-bit vector. */
  public ModelShape msi() {
    return msi(1, true, false);
  }

  /**
   * Adds MSI.
   *
   * @param vectors 1, 2, 4, 8, 16 or 32
   * @param is64Bit whether addresses have 64 bits
   * @param isMaskable whether each vector has a mask bit
   */
  public ModelShape msi(int vectors, boolean is64Bit, boolean isMaskable) {
    int length = MSI_LENGTH - (is64Bit ? 0 : 4) + (isMaskable ? MSI_MASKS_LENGTH : 0);
    int at = config.addCapability(Capabilities.MSI, length);
    int capable = Integer.numberOfTrailingZeros(vectors) << 1;
    int control =
        capable | (is64Bit ? MSI_CONTROL_64 : 0) | (isMaskable ? MSI_CONTROL_MASKABLE : 0);
    config.set(at + MSI_CONTROL, 2, control);
    irqs[VfioIrq.MSI] = new VfioIrq(VfioIrq.MSI, vectors, VfioIrq.FLAG_NORESIZE);
    return this;
  }

  /**
   * Adds MSI-X.
   *
   * @param bar holds the table and the pending bits
   * @param isFixed whether vectors cannot be added while others are on, as before Linux 6.4
   */
  public ModelShape msix(
      int vectors, int bar, int tableOffset, int pendingOffset, boolean isFixed) {
    int at = config.addCapability(Capabilities.MSIX, MSIX_LENGTH);
    config.set(at + MSIX_CONTROL, 2, vectors - 1);
    config.set(at + MSIX_TABLE, 4, tableOffset | bar);
    config.set(at + MSIX_PENDING, 4, pendingOffset | bar);
    irqs[VfioIrq.MSIX] = new VfioIrq(VfioIrq.MSIX, vectors, isFixed ? VfioIrq.FLAG_NORESIZE : 0);
    tableBar = bar;
    table = new VfioRegion.Area(tableOffset, vectors * 16L);
    return this;
  }

  /** Adds power management that keeps the function's state in D3. */
  public ModelShape powerManagement() {
    power = config.addCapability(Capabilities.POWER_MANAGEMENT, POWER_LENGTH);
    config.set(power + POWER_CAPABILITIES, 2, POWER_VERSION);
    config.set(power + POWER_CONTROL, 2, POWER_NO_SOFT_RESET);
    config.writable(power + POWER_CONTROL, 2, POWER_STATE);
    return this;
  }

  /** Adds a PCI Express endpoint's capability, which offers FLR. */
  public ModelShape express() {
    express = config.addCapability(Capabilities.EXPRESS, EXPRESS_LENGTH);
    config.set(express + EXPRESS_FLAGS, 2, EXPRESS_VERSION);
    config.set(express + EXPRESS_CAPABILITIES, 4, EXPRESS_FLR);
    config.writable(express + EXPRESS_CONTROL, 2, EXPRESS_CONTROL_WRITABLE);
    return resettable();
  }

  /** Lets VFIO reset the function. */
  public ModelShape resettable() {
    canReset = true;
    return this;
  }

  /** Adds an extended capability without content. */
  public ModelShape extended(int id, int length) {
    config.addExtendedCapability(id, 1, length);
    return this;
  }

  /** Its configuration space; a test may change it. */
  public ConfigSpace config() {
    return config;
  }

  /** A region, empty where there is none. */
  public VfioRegion region(int index) {
    return index < regions.length ? regions[index] : VfioRegion.absent(index);
  }

  /** A kind of interrupt, without vectors where there is none. */
  public VfioIrq irq(int index) {
    return index < irqs.length ? irqs[index] : VfioIrq.absent(index);
  }

  /** Whether VFIO can reset it. */
  public boolean canReset() {
    return canReset;
  }

  /** Whether an access meets the MSI-X table, which the host kernel keeps to itself. */
  boolean isTable(int bar, long offset, int size) {
    return bar == tableBar && offset < table.end() && offset + size > table.offset();
  }

  /** Whether a BAR is one of ports. */
  boolean isPorts(int bar) {
    return (config.read(PciRegisters.BAR_0 + bar * Integer.BYTES, 1) & IO) != 0;
  }

  /** Whether a BAR answers: decoded, and the function awake. */
  public boolean isDecoded(int bar) {
    int enable = isPorts(bar) ? PciRegisters.COMMAND_IO : PciRegisters.COMMAND_MEMORY;
    return (config.read(PciRegisters.COMMAND, 2) & enable) != 0 && isAwake();
  }

  private boolean isAwake() {
    return power == ABSENT || (config.read(power + POWER_CONTROL, 2) & POWER_STATE) == 0;
  }

  boolean isMaster() {
    return (config.read(PciRegisters.COMMAND, 2) & PciRegisters.COMMAND_MASTER) != 0;
  }

  /** Whether a write asks for a function-level reset. */
  boolean startsReset(int offset, int size, long value) {
    int ahead = express + EXPRESS_CONTROL + 1 - offset;
    return express != ABSENT
        && ahead >= 0
        && ahead < size
        && (value >>> (ahead * Byte.SIZE) & 0x80) != 0;
  }

  /** The state of power that a reset leads to. */
  void wakeUp() {
    if (power != ABSENT) {
      config.set(power + POWER_CONTROL, 2, POWER_NO_SOFT_RESET);
    }
  }

  static boolean isBar(int region) {
    return region < BarSet.COUNT;
  }
}
