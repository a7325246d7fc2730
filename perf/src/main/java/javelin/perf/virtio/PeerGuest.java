package javelin.perf.virtio;

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
 * The initramfs that all sides boot. Its init does the disk's jobs with fio, whose report goes to
 * the second disk, then connects to the host for the network's; it says on the console what it is
 * at, in lines that {@link GuestSays} knows.
 */
final class PeerGuest {
  private static final List<String> MODULES = List.of("virtio_pci", "virtio_blk", "virtio_net");
  private static final int CONSOLE_MAJOR = 5;
  private static final int CONSOLE_MINOR = 1;

  private PeerGuest() {}

  /**
   * Writes it.
   *
   * @param kernel whose modules it gets
   * @param busybox a static one
   * @param fio the program, or null where the disk is left out
   * @param jobs fio's job file
   * @param network whether the network's work is done
   */
  static void write(
      Path file, LabKernel kernel, Path busybox, Path fio, String jobs, boolean network)
      throws IOException, InterruptedException {
    Map<String, byte[]> modules = kernel.modulesInOrder(MODULES, List.of());
    try (CpioArchive archive =
        new CpioArchive(new BufferedOutputStream(Files.newOutputStream(file)))) {
      for (String folder : List.of("bin", "dev", "proc", "sys", "tmp")) {
        archive.directory(folder, 0755);
      }
      archive.characterDevice("dev/console", 0600, CONSOLE_MAJOR, CONSOLE_MINOR);
      archive.file("bin/busybox", 0755, Files.readAllBytes(busybox));
      archive.file("init", 0755, resource("init.sh"));
      archive.file("bench/mark", 0755, resource("mark.sh"));
      for (Map.Entry<String, byte[]> module : modules.entrySet()) {
        archive.file("modules/" + module.getKey() + ".ko", 0644, module.getValue());
      }
      archive.file("modules/order", 0644, String.join("\n", modules.keySet()) + "\n");
      if (fio != null) {
        archive.file("bench/fio", 0755, Files.readAllBytes(fio));
        archive.file("bench/jobs.fio", 0644, jobs);
        for (Path library : SharedLibraries.of(fio)) {
          archive.file(library.toString(), 0755, Files.readAllBytes(library));
        }
      }
      if (network) {
        archive.file("bench/network", 0644, networkSettings());
      }
    }
  }

  private static String networkSettings() {
    return "address=%s\nhost=%s\nport=%d\nexchanges='%s'\n"
        .formatted(
            BenchNetwork.GUEST_ADDRESS,
            BenchNetwork.HOST_ADDRESS,
            BenchNetwork.PORT,
            String.join(" ", TcpJob.names()));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = PeerGuest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
