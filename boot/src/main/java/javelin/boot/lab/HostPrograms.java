package javelin.boot.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The programs of this machine that the lab is made with. */
final class HostPrograms {
  /** The Debian package of each program. */
  private static final Map<String, String> PACKAGES =
      Map.of(
          "qemu-system-x86_64", "qemu-system-x86",
          "busybox", "busybox-static",
          "xz", "xz-utils",
          "zstd", "zstd");

  private HostPrograms() {}

  /**
   * The program's path.
   *
   * @throws LabException saying what to install if it is missing
   */
  static Path find(String name) {
    return find(name, System.getenv("PATH"));
  }

  static Path find(String name, String searchPath) {
    for (String folder : (searchPath == null ? "" : searchPath).split(":", -1)) {
      Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(name);
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        return file;
      }
    }
    String packageName = PACKAGES.get(name);
    if (packageName == null) {
      throw new LabException("the lab needs the program " + name + ", which is not installed here");
    }
    throw new LabException(
        "the lab needs " + name + "; on Debian or Ubuntu, as root: apt install " + packageName);
  }

  /** Runs a program and returns what it prints; its complaint is the exception's message. */
  static byte[] output(List<String> command) {
    try {
      Path complaint = Files.createTempFile("javelin-", ".log");
      try {
        Process process = new ProcessBuilder(command).redirectError(complaint.toFile()).start();
        process.getOutputStream().close();
        byte[] output = process.getInputStream().readAllBytes();
        if (process.waitFor() != 0) {
          throw new LabException(
              String.join(" ", command)
                  + " failed: "
                  + Files.readString(complaint, StandardCharsets.UTF_8).strip());
        }
        return output;
      } finally {
        Files.delete(complaint);
      }
    } catch (IOException e) {
      throw new LabException("cannot run " + command.get(0) + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted while " + command.get(0) + " ran", e);
    }
  }
}
