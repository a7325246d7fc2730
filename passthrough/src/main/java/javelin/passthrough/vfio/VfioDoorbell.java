package javelin.passthrough.vfio;

import javelin.vmm.linux.EventFd;

/**
 * Registers of a BAR whose writes an eventfd may take in the device's place, as KVM's ioeventfds do
 * (KVM API, 4.59).
 *
 * @param offset bytes from the BAR's start
 * @param length bytes of a write: 1, 2, 4 or 8; 0 for any
 * @param isMatched whether only writes of {@code match} are taken
 * @param match the value, in its low {@code length} bytes; 0 where any is taken
 * @param event what is signalled; the device's, and open for as long as it is
 */
public record VfioDoorbell(long offset, int length, boolean isMatched, long match, EventFd event) {
  /** First byte behind it. */
  public long end() {
    return offset + Math.max(1, length);
  }
}
