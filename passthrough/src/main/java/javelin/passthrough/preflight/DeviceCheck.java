package javelin.passthrough.preflight;

import java.util.List;

/** A check of devices that a guest shall get together. */
interface DeviceCheck {
  /** What is wrong; empty where nothing is. */
  List<Finding> findings(DevicePlan plan);
}
