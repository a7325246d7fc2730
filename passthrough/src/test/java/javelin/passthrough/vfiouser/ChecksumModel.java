package javelin.passthrough.vfiouser;

import java.util.zip.CRC32;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciIdentity;
import javelin.passthrough.model.DeviceModel;
import javelin.passthrough.model.ModelHost;
import javelin.passthrough.model.ModelShape;
import javelin.passthrough.vfio.VfioIrq;

/**
 * A device that sums up memory: the driver writes an address to 0x00 (64 bits) and a length to 0x08
 * (32 bits); an MSI says that the CRC-32 is at 0x10.
 */
final class ChecksumModel implements DeviceModel {
  private static final PciIdentity IDENTITY =
      new PciIdentity(0x1234, 0xc4c3, 0x00ff00, 1, 0x1234, 1);

  private final ModelShape shape =
      new ModelShape(IDENTITY, ConfigSpace.PCI_LENGTH).bar(0, 4096, 0).msi().resettable();
  private ModelHost host;
  private long address;
  private long checksum;

  @Override
  public ModelShape shape() {
    return shape;
  }

  @Override
  public void connect(ModelHost modelHost) {
    host = modelHost;
  }

  @Override
  public long read(int bar, long offset, int size) {
    return offset == 0x10 ? checksum : -1;
  }

  @Override
  public void write(int bar, long offset, int size, long value) {
    if (offset == 0) {
      address = value;
    } else if (offset == 8) {
      host.later(() -> sum(new byte[(int) (value & 0xf_ffff)]));
    }
  }

  private void sum(byte[] bytes) {
    CRC32 crc = new CRC32();
    if (host.readMemory(address, bytes)) {
      crc.update(bytes);
    }
    checksum = crc.getValue();
    host.message(VfioIrq.MSI, 0);
  }

  @Override
  public void reset() {
    address = 0;
    checksum = 0;
  }
}
