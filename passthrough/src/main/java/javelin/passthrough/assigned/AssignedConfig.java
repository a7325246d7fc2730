package javelin.passthrough.assigned;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import javelin.devices.pci.BarSet;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.Capabilities.Capability;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciRegisters;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioRegion;

/**
 * The configuration space that the guest sees: the device's, as VFIO shows it, with the parts that
 * Javelin emulates laid over it, bit by bit. The kernel keeps the real BARs, MSI registers and the
 * like from the guest; here the rest is made to fit the guest's machine.
 *
 * <p>The function's lock guards it.
 */
final class AssignedConfig {
  /** The port type of a PCI Express capability (PCI Express Base 6.0, 7.5.3.2). */
  private static final int EXPRESS_FLAGS = 0x02;

  private static final int EXPRESS_TYPE_SHIFT = 4;
  private static final long EXPRESS_TYPE_MASK = 0xf << EXPRESS_TYPE_SHIFT;
  private static final int TYPE_ENDPOINT = 0;
  private static final int TYPE_LEGACY_ENDPOINT = 1;
  private static final long TYPE_ROOT_COMPLEX_ENDPOINT = 9;
  private static final long EXPRESS_VERSION_MASK = 0xf;

  /** Link capabilities, control and status, and the second set of version 2. */
  private static final int EXPRESS_LINK = 0x0c;

  private static final int EXPRESS_LINK_2 = 0x2c;
  private static final int LINK_LENGTH = 8;

  /**
   * Extended capabilities (uapi linux/pci_regs.h, PCI_EXT_CAP_ID_*) of which the guest's machine
   * has no counterpart: the host owns virtual functions and the size of BARs, there is no virtual
   * IOMMU to serve translations, and function numbers are not the device's.
   */
  private static final Set<Integer> HIDDEN_EXTENDED =
      Set.of(
          0x0e, // alternative routing-ID interpretation
          0x0f, // address translation services
          0x10, // single-root I/O virtualization
          0x11, // multi-root I/O virtualization
          0x13, // page request interface
          0x15, // resizable BAR
          0x1b, // process address space ID
          0x24); // virtual functions' resizable BAR

  private static final int EXTENDED_NEXT_SHIFT = 20;
  private static final long EXTENDED_NEXT = 0xfffL << EXTENDED_NEXT_SHIFT;

  private final VfioDevice device;
  private final int length;

  /** What Javelin emulates; elsewhere its bytes mean nothing. */
  private final ConfigSpace shadow;

  /** The bits that come from the shadow. */
  private final ConfigSpace emulated;

  private final List<Capability> capabilities;

  AssignedConfig(VfioDevice device) {
    this.device = device;
    length =
        device.region(VfioRegion.CONFIG).size() >= ConfigSpace.EXPRESS_LENGTH
            ? ConfigSpace.EXPRESS_LENGTH
            : ConfigSpace.PCI_LENGTH;
    shadow = new ConfigSpace(length);
    emulated = new ConfigSpace(length);
    // Whether there are more functions is the guest's bus to say.
    emulate(PciRegisters.HEADER_TYPE, 1);
    emulate(PciRegisters.BAR_0, BarSet.COUNT * Integer.BYTES);
    emulate(PciRegisters.ROM, Integer.BYTES);
    emulate(PciRegisters.INTERRUPT_LINE, 1);
    shadow.writable(PciRegisters.INTERRUPT_LINE, 1, 0xff);
    capabilities = Capabilities.standard(this::deviceRead);
    find(Capabilities.EXPRESS, EXPRESS_LINK + LINK_LENGTH).ifPresent(this::fitToRootBus);
    hideExtended(Capabilities.extended(this::deviceRead, length));
  }

  /** A function on a root bus has no link, so an endpoint is one of the root complex. */
  private void fitToRootBus(int express) {
    long flags = deviceRead(express + EXPRESS_FLAGS, 2);
    long type = (flags & EXPRESS_TYPE_MASK) >>> EXPRESS_TYPE_SHIFT;
    if (type != TYPE_ENDPOINT && type != TYPE_LEGACY_ENDPOINT) {
      return;
    }
    emulateBits(express + EXPRESS_FLAGS, 2, EXPRESS_TYPE_MASK);
    shadow.set(express + EXPRESS_FLAGS, 2, TYPE_ROOT_COMPLEX_ENDPOINT << EXPRESS_TYPE_SHIFT);
    emulate(express + EXPRESS_LINK, LINK_LENGTH);
    boolean hasSecondLink = (flags & EXPRESS_VERSION_MASK) > 1;
    if (hasSecondLink && express + EXPRESS_LINK_2 + LINK_LENGTH <= ConfigSpace.PCI_LENGTH) {
      emulate(express + EXPRESS_LINK_2, LINK_LENGTH);
    }
  }

  private void hideExtended(List<Capability> extended) {
    int previous = 0;
    for (Capability capability : extended) {
      if (!HIDDEN_EXTENDED.contains(capability.id())) {
        previous = capability.offset();
        continue;
      }
      long next = deviceRead(capability.offset(), 4) & EXTENDED_NEXT;
      if (previous == 0) {
        // The first header cannot move: it keeps its pointer and loses its ID and version.
        emulate(capability.offset(), 4);
        shadow.set(capability.offset(), 4, next);
        previous = capability.offset();
      } else {
        emulateBits(previous, 4, EXTENDED_NEXT);
        shadow.set(previous, 4, (shadow.read(previous, 4) & ~EXTENDED_NEXT) | next);
      }
    }
  }

  /** What the device has, whatever is emulated there. */
  long deviceRead(int offset, int size) {
    return device.read(VfioRegion.CONFIG, offset, size);
  }

  /** Writes to the device, whatever is emulated there. */
  void deviceWrite(int offset, int size, long value) {
    device.write(VfioRegion.CONFIG, offset, size, value);
  }

  /** Whether an access covers the byte at {@code register}. */
  static boolean touches(int offset, int size, int register) {
    return offset <= register && offset + size > register;
  }

  /**
   * Where the device's first capability with {@code id} is; one that would not end within its part
   * of the space is none.
   *
   * @param bytes of it that have to be there
   */
  OptionalInt find(int id, int bytes) {
    OptionalInt found = Capabilities.find(capabilities, id);
    boolean fits = found.isPresent() && found.getAsInt() + bytes <= ConfigSpace.PCI_LENGTH;
    return fits ? found : OptionalInt.empty();
  }

  /** What is emulated; its write masks say what of it the guest may write. */
  ConfigSpace shadow() {
    return shadow;
  }

  /** Has the guest see the shadow's bytes, zeros so far. */
  void emulate(int offset, int size) {
    for (int i = 0; i < size; i++) {
      emulated.set(offset + i, 1, 0xff);
    }
  }

  /** Has the guest see the shadow's bits of {@code mask}; {@code size} is up to 4 bytes. */
  private void emulateBits(int offset, int size, long mask) {
    emulated.set(offset, size, emulated.read(offset, size) | mask);
  }

  /** As {@link #emulate}, with bytes that start as the device's. */
  void emulateCopy(int offset, int size) {
    emulate(offset, size);
    for (int i = 0; i < size; i++) {
      shadow.set(offset + i, 1, deviceRead(offset + i, 1));
    }
  }

  /** The guest's read. */
  long read(int offset, int size) {
    if (offset + size > length) {
      return 0;
    }
    long mask = emulated.read(offset, size);
    long value = shadow.read(offset, size) & mask;
    return isWhole(mask, size) ? value : value | (deviceRead(offset, size) & ~mask);
  }

  /** The guest's write: to the shadow, and to the device unless all of it is emulated. */
  void write(int offset, int size, long value) {
    if (offset + size > length) {
      return;
    }
    shadow.write(offset, size, value);
    if (!isWhole(emulated.read(offset, size), size)) {
      deviceWrite(offset, size, value);
    }
  }

  private static boolean isWhole(long mask, int size) {
    return mask == (1L << (8 * size)) - 1;
  }
}
