package javelin.boot.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javelin.boot.lab.CpioArchive;

/** Initramfs of Linux guests: busybox, modules, and an init. */
public final class GuestInitramfs {
  private GuestInitramfs() {}

  /**
   * Writes one.
   *
   * @param modules by name, in the order of loading, which {@code /modules/order} tells
   * @param init a script for busybox, whose folders {@code /proc}, {@code /sys}, {@code /dev} and
   *     {@code /bin} are empty but for busybox
   */
  public static Path write(Path file, Map<String, byte[]> modules, String init) throws IOException {
    return write(file, modules, Map.of(), init);
  }

  /** As above, with programs, by their names in {@code /bin}. */
  public static Path write(
      Path file, Map<String, byte[]> modules, Map<String, byte[]> programs, String init)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (CpioArchive archive = new CpioArchive(bytes)) {
      for (String folder : new String[] {"bin", "proc", "sys", "dev", "modules"}) {
        archive.directory(folder, 0755);
      }
      for (Map.Entry<String, byte[]> module : modules.entrySet()) {
        archive.file("modules/" + module.getKey() + ".ko", 0644, module.getValue());
      }
      archive.file("modules/order", 0644, String.join("\n", modules.keySet()) + "\n");
      archive.characterDevice("dev/console", 0600, 5, 1);
      archive.file("bin/busybox", 0755, Files.readAllBytes(requireBusybox()));
      for (Map.Entry<String, byte[]> program : programs.entrySet()) {
        archive.file("bin/" + program.getKey(), 0755, program.getValue());
      }
      archive.file("init", 0755, init);
    }
    return Files.write(file, bytes.toByteArray());
  }

  /** Where this machine has busybox. */
  public static Path requireBusybox() {
    return busybox()
        .orElseThrow(() -> new IllegalStateException("busybox-static is not installed"));
  }

  /** As above, if it has. */
  public static Optional<Path> busybox() {
    return Stream.of("/bin/busybox", "/usr/bin/busybox")
        .map(Path::of)
        .filter(Files::isExecutable)
        .findFirst();
  }
}
