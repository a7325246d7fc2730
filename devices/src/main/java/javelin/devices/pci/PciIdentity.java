package javelin.devices.pci;

/**
 * What a function says it is (PCI Local Bus 3.0, 6.2.1 and 6.2.4).
 *
 * @param vendor 16 bits
 * @param device 16 bits
 * @param classCode class, subclass and programming interface, 24 bits
 * @param revision 8 bits
 * @param subsystemVendor 16 bits
 * @param subsystem 16 bits
 */
public record PciIdentity(
    int vendor, int device, int classCode, int revision, int subsystemVendor, int subsystem) {}
