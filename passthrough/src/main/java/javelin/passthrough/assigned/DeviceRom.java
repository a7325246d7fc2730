package javelin.passthrough.assigned;

import javelin.devices.pci.BarSet;
import javelin.passthrough.vfio.VfioDevice;
import javelin.passthrough.vfio.VfioRegion;
import javelin.vmm.bus.IoHandler;
import org.agrona.BitUtil;

/**
 * A device's own expansion ROM, read from the device at each access: the kernel switches its
 * decoding on for as long as that takes.
 */
final class DeviceRom implements IoHandler {
  private final VfioDevice device;
  private final long length;

  DeviceRom(VfioDevice device) {
    this.device = device;
    length = device.region(VfioRegion.ROM).size();
  }

  /** Bytes that the guest sees, a power of two. */
  long size() {
    return Math.max(BarSet.SMALLEST_ROM, BitUtil.findNextPositivePowerOfTwo(length));
  }

  /** Ones beyond what the device has. */
  @Override
  public long read(long offset, int size) {
    return offset >= 0 && offset <= length - size ? device.read(VfioRegion.ROM, offset, size) : -1;
  }

  /** It cannot be written. */
  @Override
  public void write(long offset, int size, long value) {}
}
