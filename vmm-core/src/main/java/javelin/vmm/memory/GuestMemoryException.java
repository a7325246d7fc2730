package javelin.vmm.memory;

/** An access outside guest RAM. Devices catch it where the guest chose the address. */
public final class GuestMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  GuestMemoryException(long address, long length) {
    super(
        String.format(
            "guest-physical range 0x%x, %d bytes, is not all inside one region of guest RAM",
            address, length));
  }
}
