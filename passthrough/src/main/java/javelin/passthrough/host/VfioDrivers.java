package javelin.passthrough.host;

import java.util.regex.Pattern;

/** The drivers that hand a device on to user space. */
public final class VfioDrivers {
  /** The one for any device. */
  public static final String GENERAL = "vfio-pci";

  /** That one and its variants, such as mlx5_vfio_pci and nvgrace-gpu-vfio-pci. */
  private static final Pattern NAME = Pattern.compile("(.+[-_])?vfio[-_]pci");

  private VfioDrivers() {}

  /** Whether {@code driver} is one of them. */
  public static boolean contains(String driver) {
    return NAME.matcher(driver).matches();
  }
}
