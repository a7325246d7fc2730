package javelin.boot.lab;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Which QEMU a lab runs on. */
final class QemuChoice {
  private final Supplier<QemuProgram> installed;
  private final Supplier<QemuProgram> fetched;
  private final PrintStream messages;

  /**
   * Between two, asked for when they are needed; either may throw a {@link LabException}.
   *
   * @param installed the machine's own
   * @param fetched the one that the lab fetches for itself
   */
  QemuChoice(Supplier<QemuProgram> installed, Supplier<QemuProgram> fetched, PrintStream messages) {
    this.installed = installed;
    this.fetched = fetched;
    this.messages = messages;
  }

  /** Between the one in PATH and the one of the package cache. */
  static QemuChoice ofHost(PackageCache cache, PrintStream messages) {
    return new QemuChoice(
        () -> QemuProgram.of(HostPrograms.find("qemu-system-x86_64")),
        () -> new QemuPackage(cache, new Apt.Host(), messages).program(),
        messages);
  }

  /**
   * The one that the user names, else the machine's own where it is reliable, else a fetched one,
   * else the machine's own all the same.
   *
   * @param named the user's wish, or null
   * @throws LabException if there is none
   */
  QemuProgram choose(Path named) {
    if (named != null) {
      return QemuProgram.of(named);
    }
    QemuProgram here = null;
    LabException missing = null;
    try {
      here = installed.get();
      if (here.release().isAtLeast(QemuRelease.RELIABLE)) {
        return here;
      }
    } catch (LabException e) {
      missing = e;
    }
    try {
      return fetched.get();
    } catch (LabException e) {
      if (here == null) {
        missing.addSuppressed(e);
        throw missing;
      }
      messages.printf(
          "javelin: QEMU %s loses an interrupt of the lab now and then, and %s or newer cannot be"
              + " fetched: %s%n",
          here.release(), QemuRelease.RELIABLE, e.getMessage());
      return here;
    }
  }
}
