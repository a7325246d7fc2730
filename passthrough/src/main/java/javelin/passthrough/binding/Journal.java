package javelin.passthrough.binding;

/**
 * What is known of a device that was taken, or is on its way from the host or back.
 *
 * @param state how far it has come
 * @param saved how the device was before
 * @param bootId the boot that this is about (/proc/sys/kernel/random/boot_id); another one knows
 *     nothing of it
 * @param owner the process that has brought the device into this state
 */
record Journal(State state, SavedDevice saved, String bootId, Owner owner) {
  /**
   * The life of a device that is taken. A device without a journal is the host's.
   *
   * <pre>
   *            take            all of the set are bound
   *   (none) ───────► TAKING ─┬───────────────────────► TAKEN   by `javelin pci take`
   *      ▲               │    └───────────────────────► HELD    by `javelin run --assign`
   *      │               │                                │
   *      │               │ one of the set fails           │ give-back, end of the run
   *      │               ▼                                ▼
   *      └────────── GIVING_BACK ◄────────────────────────┘
   *        restored
   * </pre>
   *
   * <p>The journal of the next state is durable before the first change that belongs to it, and the
   * device's lock is held through every change. A process that dies leaves the lock free, and the
   * state says what {@link Recovery} does: TAKING is undone, unless the same process had begun to
   * set its devices to TAKEN, which it does when all are bound: then it is finished. TAKEN stays,
   * as it was asked for. HELD and GIVING_BACK are given back.
   */
  enum State {
    /** Being bound to vfio-pci; may be anywhere between the two drivers. */
    TAKING,
    /** Bound to vfio-pci by hand, for whatever process comes; unlocked unless one uses it. */
    TAKEN,
    /** Bound to vfio-pci by the process that holds the lock, for as long as that lives. */
    HELD,
    /** Being given back; may be anywhere between the two drivers. */
    GIVING_BACK
  }

  /** The same device in another state. */
  Journal with(State next, Owner by) {
    return new Journal(next, saved, bootId, by);
  }
}
