package javelin.perf.linux;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javelin.boot.lab.CpioArchive;
import javelin.boot.lab.LabKernel;

/**
 * The initramfs of a Linux guest that is measured. Its init does the disk's jobs with fio, whose
 * report goes to the second disk, then connects to the host for the network's; it says on the
 * console what it is at, in lines that {@link GuestSays} knows, and powers off.
 *
 * @param kernel whose modules it gets
 * @param modules which of them, with all that they need
 * @param busybox a static one
 * @param disk what is done with the disk; null for nothing
 * @param hasNetwork whether the network's work is done
 */
public record BenchInitramfs(
    LabKernel kernel, List<String> modules, Path busybox, DiskWork disk, boolean hasNetwork) {
  private static final int CONSOLE_MAJOR = 5;
  private static final int CONSOLE_MINOR = 1;

  /**
   * The disk's work.
   *
   * @param fio the program
   * @param jobs its job file
   */
  public record DiskWork(Path fio, String jobs) {}

  /**
   * Writes it.
   *
   * @throws javelin.boot.lab.LabException where the kernel lacks a module
   */
  public void write(Path file) throws IOException, InterruptedException {
    Map<String, byte[]> loaded = kernel.modulesInOrder(modules, List.of());
    try (CpioArchive archive =
        new CpioArchive(new BufferedOutputStream(Files.newOutputStream(file)))) {
      for (String folder : List.of("bin", "dev", "proc", "sys", "tmp")) {
        archive.directory(folder, 0755);
      }
      archive.characterDevice("dev/console", 0600, CONSOLE_MAJOR, CONSOLE_MINOR);
      archive.file("bin/busybox", 0755, Files.readAllBytes(busybox));
      archive.file("init", 0755, resource("init.sh"));
      archive.file("bench/mark", 0755, resource("mark.sh"));
      for (Map.Entry<String, byte[]> module : loaded.entrySet()) {
        archive.file("modules/" + module.getKey() + ".ko", 0644, module.getValue());
      }
      archive.file("modules/order", 0644, String.join("\n", loaded.keySet()) + "\n");
      if (disk != null) {
        archive.file("bench/fio", 0755, Files.readAllBytes(disk.fio()));
        archive.file("bench/jobs.fio", 0644, disk.jobs());
        for (Path library : SharedLibraries.of(disk.fio())) {
          archive.file(library.toString(), 0755, Files.readAllBytes(library));
        }
      }
      if (hasNetwork) {
        archive.file("bench/network", 0644, networkSettings());
      }
    }
  }

  private static String networkSettings() {
    return "address=%s\nhost=%s\nport=%d\nexchanges='%s'\n"
        .formatted(
            BenchAddresses.GUEST,
            BenchAddresses.HOST,
            BenchAddresses.PORT,
            String.join(" ", TcpJob.names()));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = BenchInitramfs.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
