package javelin.passthrough.host;

import java.util.OptionalInt;
import javelin.devices.pci.Capabilities;
import javelin.devices.pci.ConfigSpace;
import javelin.devices.pci.PciRegisters;

/**
 * The configuration space of a function (PCI Local Bus 3.0, chapter 6), as far as this process may
 * read it: Linux gives users without CAP_SYS_ADMIN the first 64 bytes. What lies beyond reads as
 * all ones, as the bus answers for a function that is not there.
 */
final class ConfigBytes {
  private static final int HEADER_TYPE_MASK = 0x7F;

  private final byte[] bytes;

  ConfigBytes(byte[] bytes) {
    this.bytes = bytes.clone();
  }

  private int u8(int offset) {
    return offset < bytes.length ? Byte.toUnsignedInt(bytes[offset]) : 0xFF;
  }

  int u16(int offset) {
    return u8(offset) | u8(offset + 1) << Byte.SIZE;
  }

  /** 0 for an endpoint, 1 for a bridge, 2 for a CardBus bridge; 0x7F where nothing answers. */
  int headerType() {
    return u8(PciRegisters.HEADER_TYPE) & HEADER_TYPE_MASK;
  }

  /** Whether the capabilities can be known: all of them are readable, or there are none. */
  boolean showsCapabilities() {
    boolean hasStatus = bytes.length >= PciRegisters.STATUS + Short.BYTES;
    boolean hasNone = (u16(PciRegisters.STATUS) & PciRegisters.STATUS_CAPABILITIES) == 0;
    return bytes.length >= ConfigSpace.PCI_LENGTH || (hasStatus && hasNone);
  }

  /** The offset of the first capability {@code id}. */
  OptionalInt capability(int id) {
    Capabilities.Reader reader = (offset, size) -> size == 1 ? u8(offset) : u16(offset);
    return Capabilities.find(Capabilities.standard(reader), id);
  }
}
