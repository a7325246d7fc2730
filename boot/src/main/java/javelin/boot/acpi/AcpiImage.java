package javelin.boot.acpi;

/** All ACPI tables as one piece of guest memory, with the RSDP first. */
public final class AcpiImage {
  private final long address;
  private final byte[] bytes;

  AcpiImage(long address, byte[] bytes) {
    this.address = address;
    this.bytes = bytes;
  }

  /** Returns the guest-physical address that the bytes belong at. */
  public long address() {
    return address;
  }

  /** Returns the guest-physical address of the RSDP, for the loader to hand over. */
  public long rsdpAddress() {
    return address;
  }

  /** Returns a copy of the tables, linked to each other for {@link #address()}. */
  public byte[] bytes() {
    return bytes.clone();
  }
}
