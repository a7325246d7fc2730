package javelin.devices.pci;

/**
 * A function whose configuration space is all Javelin's: a type 0 header with its identity, the
 * command and status registers, and BARs. Sub-classes add BARs and capabilities in their
 * constructor, which they end with {@link #ready}.
 *
 * <p>Its state is guarded by its lock, which is held while BARs are placed.
 */
public abstract class EmulatedFunction implements PciFunction {
  private static final int COMMAND_WRITABLE =
      PciRegisters.COMMAND_IO
          | PciRegisters.COMMAND_MEMORY
          | PciRegisters.COMMAND_MASTER
          | PciRegisters.COMMAND_PARITY
          | PciRegisters.COMMAND_SERR
          | PciRegisters.COMMAND_INTX_DISABLE;

  private final ConfigSpace config;
  private final BarSet bars;

  /**
   * A function without BARs or capabilities.
   *
   * @param length of the configuration space: {@link ConfigSpace#PCI_LENGTH} or {@link
   *     ConfigSpace#EXPRESS_LENGTH}
   * @param space where its BARs go; null for a function that has none
   */
  protected EmulatedFunction(PciIdentity identity, int length, BarSpace space) {
    config = new ConfigSpace(length);
    bars = new BarSet(config, space);
    config
        .set(PciRegisters.VENDOR, 2, identity.vendor())
        .set(PciRegisters.DEVICE, 2, identity.device())
        .set(PciRegisters.REVISION, 1, identity.revision())
        .set(PciRegisters.CLASS_CODE, 3, identity.classCode())
        .set(PciRegisters.SUBSYSTEM_VENDOR, 2, identity.subsystemVendor())
        .set(PciRegisters.SUBSYSTEM, 2, identity.subsystem())
        .writable(PciRegisters.COMMAND, 2, COMMAND_WRITABLE)
        .clearedByOne(PciRegisters.STATUS, 2, PciRegisters.STATUS_ERRORS)
        .writable(PciRegisters.CACHE_LINE_SIZE, 1, 0xff)
        .writable(PciRegisters.LATENCY_TIMER, 1, 0xff)
        .writable(PciRegisters.INTERRUPT_LINE, 1, 0xff);
  }

  /** The configuration space, to be used with this object's lock held. */
  protected final ConfigSpace config() {
    return config;
  }

  /** The BARs, to be added in the constructor. */
  protected final BarSet bars() {
    return bars;
  }

  /** Takes what the constructor has made as the state of power-on. */
  protected final void ready() {
    config.setPowerOn();
  }

  /**
   * Told, with the lock held, that the guest has written to the configuration space.
   *
   * @param offset first byte written
   * @param size bytes written, not beyond a 4-byte boundary
   */
  protected void configWritten(int offset, int size) {}

  /**
   * Told, with the lock held, that the guest is about to read the configuration space.
   *
   * @param offset first byte
   * @param size bytes, not beyond a 4-byte boundary
   */
  protected void configReading(int offset, int size) {}

  @Override
  public final synchronized long readConfig(int offset, int size) {
    configReading(offset, size);
    return config.read(offset, size);
  }

  @Override
  public final synchronized void writeConfig(int offset, int size, long value) {
    config.write(offset, size, value);
    if (offset < PciRegisters.STATUS || BarSet.covers(offset)) {
      bars.refresh();
    }
    configWritten(offset, size);
  }

  @Override
  public synchronized void reset() {
    config.reset();
    bars.refresh();
  }

  /** Takes its BARs out of the address spaces; the function is then to leave its bus. */
  public synchronized void detach() {
    bars.close();
  }
}
