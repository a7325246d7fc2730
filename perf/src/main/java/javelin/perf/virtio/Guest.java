package javelin.perf.virtio;

import java.nio.file.Path;

/**
 * What all sides are told of the guest.
 *
 * @param kernel a bzImage
 * @param initrd its initramfs
 * @param megabytes RAM
 * @param cpus how many processors it has
 * @param features CPU features that are switched, such as {@code -kvm-pv-eoi}; may be empty
 * @param image its first disk
 * @param isDirect whether the first disk goes past the host's page cache
 * @param report its second disk, which it writes its figures to
 * @param tap the tap of its network; null where it has none
 */
record Guest(
    Path kernel,
    Path initrd,
    int megabytes,
    int cpus,
    String features,
    Path image,
    boolean isDirect,
    Path report,
    String tap) {
  /** The kernel's command line. */
  static final String APPEND = "console=ttyS0 quiet panic=-1";

  /** The same without a network. */
  Guest withoutNetwork() {
    return new Guest(kernel, initrd, megabytes, cpus, features, image, isDirect, report, null);
  }
}
