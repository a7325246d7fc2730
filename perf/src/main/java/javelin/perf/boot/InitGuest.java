package javelin.perf.boot;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import javelin.boot.lab.CpioArchive;

/** The smallest initramfs: its init says one line, waits to be looked at, and powers off. */
final class InitGuest {
  /** The line. */
  static final String LINE = "the guest's init runs";

  private static final int CONSOLE_MAJOR = 5;
  private static final int CONSOLE_MINOR = 1;
  private static final String INIT =
      "#!/bin/busybox sh\necho \"" + LINE + "\"\n/bin/busybox sleep 1\n/bin/busybox poweroff -f\n";

  private InitGuest() {}

  /**
   * Writes the initramfs.
   *
   * @param busybox a static one, for the guest
   */
  static void write(Path file, Path busybox) throws IOException {
    try (InputStream program = Files.newInputStream(busybox);
        OutputStream out = Files.newOutputStream(file);
        CpioArchive archive = new CpioArchive(out)) {
      archive
          .characterDevice("dev/console", 0600, CONSOLE_MAJOR, CONSOLE_MINOR)
          .file("bin/busybox", 0755, program.readAllBytes())
          .file("init", 0755, INIT);
    }
  }
}
