package javelin.passthrough.preflight;

/** A check of the host as a whole, for any device. */
interface HostCheck {
  /** Looks at the host as it is now. */
  CheckResult check(GuestLayout guest);
}
