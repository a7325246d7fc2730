package javelin.boot.lab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A release of QEMU.
 *
 * @param major number of the year's series
 * @param minor number in the series
 */
record QemuRelease(int major, int minor) implements Comparable<QemuRelease> {
  /**
   * The first whose emulation of AMD-V loses no interrupt: before, entering and leaving a guest
   * rewrote a processor's set of pending interrupts without an atomic operation, against the thread
   * of the timers and devices. An interrupt of the lab's host got lost, or its guest got one that
   * nobody had sent, about once in some minutes.
   */
  static final QemuRelease RELIABLE = new QemuRelease(10, 2);

  /** The first whose AMD-Vi leaves it to a property whether it translates addresses of DMA. */
  static final QemuRelease CHOOSES_DMA_REMAPPING = new QemuRelease(10, 2);

  private static final Pattern VERSION = Pattern.compile("QEMU emulator version (\\d+)\\.(\\d+)");

  /**
   * The release in what {@code qemu-system-x86_64 --version} prints.
   *
   * @throws LabException where there is none
   */
  static QemuRelease parse(String text) {
    Matcher found = VERSION.matcher(text);
    if (!found.find()) {
      throw new LabException("this is no QEMU: --version prints \"" + text.strip() + "\"");
    }
    return new QemuRelease(Integer.parseInt(found.group(1)), Integer.parseInt(found.group(2)));
  }

  /** Whether it is {@code other} or came later. */
  boolean isAtLeast(QemuRelease other) {
    return compareTo(other) >= 0;
  }

  @Override
  public int compareTo(QemuRelease other) {
    return major != other.major
        ? Integer.compare(major, other.major)
        : Integer.compare(minor, other.minor);
  }

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
