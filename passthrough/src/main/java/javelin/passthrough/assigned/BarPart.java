package javelin.passthrough.assigned;

import javelin.passthrough.vfio.VfioRegion.Area;
import javelin.vmm.bus.IoHandler;

/**
 * Registers in a BAR of the device that are Javelin's: the guest never reaches what lies there.
 *
 * @param area where in the BAR
 * @param handler answers, by offsets from the area's start
 */
record BarPart(Area area, IoHandler handler) {}
