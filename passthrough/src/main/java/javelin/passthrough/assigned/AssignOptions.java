package javelin.passthrough.assigned;

/**
 * How a device is assigned. The first four are there to compare paths: each switches a fast one
 * off.
 *
 * @param mapBars memory BARs are mapped into the guest; else each access is trapped
 * @param irqfd interrupts go from VFIO to KVM inside the kernel; else the event loop relays them
 * @param resample KVM unmasks INTx when the guest has acknowledged; else the event loop does, at
 *     the guest's next access to the device
 * @param prefault guest RAM is made present by several threads before it is pinned by one
 * @param allowNoReset a device that cannot be reset may be assigned
 * @param rom what the guest finds as its expansion ROM
 */
public record AssignOptions(
    boolean mapBars,
    boolean irqfd,
    boolean resample,
    boolean prefault,
    boolean allowNoReset,
    RomOption rom) {
  /** All fast paths, only devices that can be reset, and no ROM. */
  public static final AssignOptions DEFAULT =
      new AssignOptions(true, true, true, true, false, RomOption.OFF);
}
