package javelin.passthrough.host;

import java.util.List;

/**
 * Why a device cannot be reset, in the words that all of Javelin has for it.
 *
 * @param device its address
 * @param cause what stands against it
 */
public record NoReset(String device, String cause) {
  /** What the way out leads to where it has been taken. */
  public static final String ACCEPTED = "accepted by no-reset=allow";

  /** The kernel has no way, neither for the function alone nor with its bus. */
  public static NoReset noWay(String device, boolean isOnRootBus) {
    NoReset noWay = noWay(device, "the kernel");
    return isOnRootBus
        ? new NoReset(device, noWay.cause() + " (a bus reset needs a port above it)")
        : noWay;
  }

  /** As above, where another than the kernel resets the device. */
  public static NoReset noWay(String device, String resetter) {
    return new NoReset(device, resetter + " knows no way to reset it");
  }

  /**
   * It resets with its bus only, where there are others.
   *
   * @param others those that the guest does not have, each with its driver
   */
  public static NoReset onlyWith(String device, List<String> others) {
    return new NoReset(
        device,
        "it can be reset only together with "
            + String.join(", ", others)
            + ", which this guest does not have");
  }

  /** A reset was tried before the guest started. */
  public static NoReset failed(String device, String error) {
    return new NoReset(device, "its reset has failed (" + error + ")");
  }

  /** What is wrong, and what follows from it. */
  public String problem() {
    return cause + ", so the next guest finds what this one leaves in it";
  }

  /** The way out. */
  public String remedy() {
    return "--assign " + device + ",no-reset=allow accepts that";
  }

  /** All of it: {@code device: problem; remedy}. */
  public String text() {
    return device + ": " + problem() + "; " + remedy();
  }
}
