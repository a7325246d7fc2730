package javelin.passthrough.host;

/**
 * What a function says that it is.
 *
 * @param vendor 16 bits
 * @param device 16 bits
 * @param subsystemVendor 16 bits
 * @param subsystemDevice 16 bits
 * @param classCode 24 bits: base class, sub-class, programming interface
 * @param revision 8 bits
 */
public record PciIds(
    int vendor, int device, int subsystemVendor, int subsystemDevice, int classCode, int revision) {
  /** The upper 8 bits of the class code. */
  public int baseClass() {
    return classCode >> 16;
  }

  /** Base class and sub-class, 16 bits. */
  public int subClass() {
    return classCode >> 8;
  }

  /** {@code "8086:10d3"}. */
  public String text() {
    return String.format("%04x:%04x", vendor, device);
  }
}
