package javelin.devices.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * The capabilities of a function, found by walking its lists (PCI Local Bus 3.0, 6.7; PCI Express
 * Base 6.0, 7.6.3). A list that loops, or leaves its part of the space, ends there: devices have
 * been seen to do both.
 */
public final class Capabilities {
  /** PCI_CAP_ID_* (uapi linux/pci_regs.h). */
  public static final int POWER_MANAGEMENT = 0x01;

  public static final int MSI = 0x05;
  public static final int VENDOR = 0x09;
  public static final int EXPRESS = 0x10;
  public static final int MSIX = 0x11;
  public static final int ADVANCED_FEATURES = 0x13;

  private static final int NEXT = 1;
  private static final int POINTER_MASK = 0xfc;
  private static final int NOTHING = 0xff;
  private static final int EXTENDED_ID_MASK = 0xffff;
  private static final int EXTENDED_NEXT_SHIFT = 20;
  private static final int EXTENDED_NEXT_MASK = 0xffc;

  private Capabilities() {}

  /** Where a configuration space is read from. */
  @FunctionalInterface
  public interface Reader {
    /** {@code size} bytes, 1, 2 or 4, zero-extended. */
    long read(int offset, int size);
  }

  /**
   * A capability.
   *
   * @param id its ID, of the list that it is in
   * @param offset of its header
   */
  public record Capability(int id, int offset) {}

  /** The capabilities in the first 256 bytes, in the order of their list. */
  public static List<Capability> standard(Reader config) {
    List<Capability> found = new ArrayList<>();
    if ((config.read(PciRegisters.STATUS, 2) & PciRegisters.STATUS_CAPABILITIES) == 0) {
      return found;
    }
    boolean[] seen = new boolean[ConfigSpace.PCI_LENGTH];
    int offset = (int) config.read(PciRegisters.CAPABILITIES, 1) & POINTER_MASK;
    while (offset >= PciRegisters.HEADER_LENGTH && !seen[offset]) {
      seen[offset] = true;
      int id = (int) config.read(offset, 1);
      if (id == NOTHING) {
        break;
      }
      found.add(new Capability(id, offset));
      offset = (int) config.read(offset + NEXT, 1) & POINTER_MASK;
    }
    return found;
  }

  /** The extended capabilities of a space of {@code length} bytes, in the order of their list. */
  public static List<Capability> extended(Reader config, int length) {
    List<Capability> found = new ArrayList<>();
    boolean[] seen = new boolean[ConfigSpace.EXPRESS_LENGTH];
    int offset = PciRegisters.EXTENDED_START;
    while (offset >= PciRegisters.EXTENDED_START
        && offset <= length - Integer.BYTES
        && !seen[offset]) {
      seen[offset] = true;
      long header = config.read(offset, Integer.BYTES);
      if (header == 0 || (header & EXTENDED_ID_MASK) == EXTENDED_ID_MASK) {
        break;
      }
      found.add(new Capability((int) header & EXTENDED_ID_MASK, offset));
      offset = (int) (header >>> EXTENDED_NEXT_SHIFT) & EXTENDED_NEXT_MASK;
    }
    return found;
  }

  /** The offset of the first capability with {@code id}. */
  public static OptionalInt find(List<Capability> capabilities, int id) {
    return capabilities.stream()
        .filter(capability -> capability.id() == id)
        .mapToInt(Capability::offset)
        .findFirst();
  }
}
