package javelin.passthrough.assigned;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.ConfigSpace;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioIrq;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.irq.Msi;

/**
 * MSI of an assigned function, 1 to 32 vectors (PCI Local Bus 3.0, 6.8.1). The capability is all
 * Javelin's.
 *
 * <p>The function's lock guards it.
 */
final class AssignedMsi implements InterruptMode {
  private static final int HEADER_LENGTH = 4;
  private static final int CONTROL = 2;
  private static final int CONTROL_ENABLE = 1;
  private static final int CAPABLE_SHIFT = 1;
  private static final int ENABLED_SHIFT = 4;
  private static final int COUNT_MASK = 0x7;
  private static final int MOST_LOG2 = 5;
  private static final int CONTROL_64 = 1 << 7;
  private static final int CONTROL_MASKABLE = 1 << 8;
  private static final int ADDRESS = 4;
  private static final int UPPER_ADDRESS = 8;
  private static final long ADDRESS_MASK = 0xffff_fffcL;
  private static final long ALL = 0xffff_ffffL;

  private final VfioDevice device;
  private final GuestSide guest;
  private final AssignOptions options;
  private final ConfigSpace shadow;
  private final int capability;
  private final boolean is64Bit;
  private final boolean isMaskable;
  private final int data;
  private final List<AssignedVector> vectors = new ArrayList<>();

  /** For the capability at {@code capability}, which is Javelin's from here on. */
  AssignedMsi(
      VfioDevice device,
      GuestSide guest,
      AssignOptions options,
      AssignedConfig config,
      int capability) {
    this.device = device;
    this.guest = guest;
    this.options = options;
    this.capability = capability;
    shadow = config.shadow();
    config.emulateCopy(capability + CONTROL, 2);
    is64Bit = (control() & CONTROL_64) != 0;
    isMaskable = (control() & CONTROL_MASKABLE) != 0;
    data = capability + (is64Bit ? UPPER_ADDRESS + Integer.BYTES : UPPER_ADDRESS);
    config.emulate(capability + ADDRESS, data + 2 - capability - ADDRESS);
    if (isMaskable) {
      config.emulate(maskBits(), 2 * Integer.BYTES);
      shadow.writable(maskBits(), Integer.BYTES, ALL);
    }
    shadow.set(
        capability + CONTROL, 2, control() & ~(CONTROL_ENABLE | COUNT_MASK << ENABLED_SHIFT));
    shadow.writable(capability + CONTROL, 2, CONTROL_ENABLE | COUNT_MASK << ENABLED_SHIFT);
    shadow.writable(capability + ADDRESS, Integer.BYTES, ADDRESS_MASK);
    if (is64Bit) {
      shadow.writable(capability + UPPER_ADDRESS, Integer.BYTES, ALL);
    }
    shadow.writable(data, 2, 0xffff);
  }

  /**
   * Where the device's capability is, if MSI can be had; none where it would not end within its
   * part of the space.
   */
  static OptionalInt find(VfioDevice device, AssignedConfig config) {
    OptionalInt found = config.find(Capabilities.MSI, HEADER_LENGTH);
    if (found.isEmpty() || !device.irq(VfioIrq.MSI).isPresent()) {
      return OptionalInt.empty();
    }
    long control = device.read(VfioRegion.CONFIG, found.getAsInt() + CONTROL, 2);
    int data = (control & CONTROL_64) != 0 ? UPPER_ADDRESS + Integer.BYTES : UPPER_ADDRESS;
    boolean hasMasks = (control & CONTROL_MASKABLE) != 0;
    return config.find(Capabilities.MSI, hasMasks ? data + 3 * Integer.BYTES : data + 2);
  }

  private long control() {
    return shadow.read(capability + CONTROL, 2);
  }

  private int maskBits() {
    return (data + Integer.BYTES) & -Integer.BYTES;
  }

  private int enabledCount() {
    int capable = (int) control() >> CAPABLE_SHIFT & COUNT_MASK;
    int enabled = (int) control() >> ENABLED_SHIFT & COUNT_MASK;
    return 1 << Math.min(Math.min(enabled, capable), MOST_LOG2);
  }

  @Override
  public boolean isWanted() {
    return (control() & CONTROL_ENABLE) != 0;
  }

  @Override
  public void on() {
    int count = Math.min(enabledCount(), device.irq(VfioIrq.MSI).count());
    for (int i = 0; i < count; i++) {
      vectors.add(new AssignedVector(guest, options));
    }
    refresh();
    device.trigger(VfioIrq.MSI, 0, vectors.stream().map(AssignedVector::event).toList());
  }

  @Override
  public void off() {
    try {
      device.disable(VfioIrq.MSI);
    } finally {
      AssignedVector.close(guest, vectors);
      vectors.clear();
    }
  }

  @Override
  public void refresh() {
    Msi first = message(0);
    if (vectors.get(0).needsRoute(first.address(), first.data())) {
      vectors.forEach(AssignedVector::mask);
      guest
          .routes()
          .update(
              batch -> {
                for (int i = 0; i < vectors.size(); i++) {
                  vectors.get(i).route(batch, message(i));
                }
              });
    }
    long masked = isMaskable ? shadow.read(maskBits(), Integer.BYTES) : 0;
    for (int i = 0; i < vectors.size(); i++) {
      if ((masked >>> i & 1) != 0) {
        vectors.get(i).mask();
      } else {
        vectors.get(i).unmask();
      }
    }
  }

  @Override
  public void refreshPending() {
    if (!isMaskable) {
      return;
    }
    long pending = 0;
    for (int i = 0; i < vectors.size(); i++) {
      if (vectors.get(i).isPending()) {
        pending |= 1L << i;
      }
    }
    shadow.set(maskBits() + Integer.BYTES, Integer.BYTES, pending);
  }

  /** The message of a vector: its number is in the low bits of the data. */
  private Msi message(int vector) {
    long address = shadow.read(capability + ADDRESS, Integer.BYTES);
    if (is64Bit) {
      address |= shadow.read(capability + UPPER_ADDRESS, Integer.BYTES) << Integer.SIZE;
    }
    int value = (int) shadow.read(data, 2);
    return new Msi(address, (value & -vectors.size()) | vector);
  }
}
