package javelin.devices.pci;

import javelin.vmm.machine.Resettable;

/**
 * A function on a {@link PciBus}: emulated, virtio or assigned.
 *
 * <p>Called on vCPU threads, several at a time: it guards its own state, and never throws for what
 * a guest does.
 */
public interface PciFunction extends Resettable {
  /**
   * A read of the configuration space.
   *
   * @param offset 0 to 4095, a multiple of {@code size}
   * @param size 1, 2 or 4 bytes
   * @return the value in the low {@code size} bytes; higher bits are ignored
   */
  long readConfig(int offset, int size);

  /**
   * A write to the configuration space.
   *
   * @param offset 0 to 4095, a multiple of {@code size}
   * @param size 1, 2 or 4 bytes
   * @param value the value, zero-extended
   */
  void writeConfig(int offset, int size, long value);
}
