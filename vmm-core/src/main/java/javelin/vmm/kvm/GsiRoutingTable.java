package javelin.vmm.kvm;

/**
 * {@code struct kvm_irq_routing} (uapi linux/kvm.h): u32 nr, u32 flags, then entries of 48 bytes.
 *
 * <pre>
 *   0 gsi u32 | 4 type u32 | 8 flags u32 | 12 pad | 16 union:
 *   irqchip: 16 irqchip u32 | 20 pin u32
 *   msi:     16 address_lo u32 | 20 address_hi u32 | 24 data u32 | 28 devid u32
 * </pre>
 */
public final class GsiRoutingTable extends KernelStruct {
  /** The interrupt controllers of {@code irqchip} entries. */
  public static final int PIC_MASTER = 0;

  public static final int PIC_SLAVE = 1;
  public static final int IOAPIC = 2;

  static final int HEADER_LENGTH = 8;
  private static final int ENTRY_LENGTH = 48;
  private static final int TYPE_IRQCHIP = 1;
  private static final int TYPE_MSI = 2;

  private final int capacity;
  private int count;

  /** A table with room for {@code capacity} entries and none in it. */
  public GsiRoutingTable(int capacity) {
    super(HEADER_LENGTH + capacity * ENTRY_LENGTH);
    this.capacity = capacity;
  }

  /** The most entries. */
  public int capacity() {
    return capacity;
  }

  /** Takes all entries out. */
  public GsiRoutingTable clear() {
    count = 0;
    buffer().putInt(0, 0);
    return this;
  }

  /** Routes {@code gsi} to a pin of an interrupt controller; a GSI may have several such routes. */
  public GsiRoutingTable irqchip(int gsi, int irqchip, int pin) {
    int at = next(gsi, TYPE_IRQCHIP);
    buffer().putInt(at + 16, irqchip);
    buffer().putInt(at + 20, pin);
    return this;
  }

  /** Routes {@code gsi} to a message. */
  public GsiRoutingTable msi(int gsi, long address, int data) {
    int at = next(gsi, TYPE_MSI);
    buffer().putInt(at + 16, (int) address);
    buffer().putInt(at + 20, (int) (address >>> 32));
    buffer().putInt(at + 24, data);
    return this;
  }

  private int next(int gsi, int type) {
    int at = HEADER_LENGTH + count * ENTRY_LENGTH;
    count++;
    buffer().putInt(0, count);
    buffer().setMemory(at, ENTRY_LENGTH, (byte) 0);
    buffer().putInt(at, gsi);
    buffer().putInt(at + 4, type);
    return at;
  }
}
