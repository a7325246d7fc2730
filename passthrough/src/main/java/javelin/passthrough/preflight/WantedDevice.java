package javelin.passthrough.preflight;

import javelin.passthrough.host.HostAddress;

/**
 * A device that a guest shall get.
 *
 * @param address where it is on the host
 * @param isTaken whether it shall be with vfio-pci already, and not be taken from its driver
 * @param allowNoReset whether it may go to the guest though nothing can reset it
 */
public record WantedDevice(HostAddress address, boolean isTaken, boolean allowNoReset) {}
