package javelin.boot.lab;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The initramfs of a lab: busybox, the modules that it needs, and what it is to run. */
final class Initramfs {
  /** KVM on an emulated AMD processor, VFIO, and what the root file system is made with. */
  private static final List<String> MODULES =
      List.of(
          "virtio_pci",
          "virtio_console",
          "9pnet_virtio",
          "9p",
          "overlay",
          "kvm_amd",
          "vfio_iommu_type1",
          "vfio_pci");

  /** Environment of Javelin that the command sees as well. */
  private static final List<String> ENVIRONMENT =
      List.of("PATH", "HOME", "USER", "LANG", "LC_ALL", "TERM", "JAVA_HOME", "CI");

  private static final List<String> TOOLS =
      List.of(
          "cat",
          "chmod",
          "cp",
          "grep",
          "hostname",
          "ifconfig",
          "insmod",
          "kill",
          "ln",
          "mkdir",
          "mkfifo",
          "mount",
          "poweroff",
          "setsid",
          "sh",
          "sleep",
          "switch_root",
          "sync",
          "taskset",
          "true",
          "umount");

  private Initramfs() {}

  /** Writes the initramfs, uncompressed: unpacking it would cost the lab more than reading it. */
  static void write(Path file, LabOptions options, LabParts parts) throws IOException {
    List<String> drivers = new ArrayList<>();
    options.devices().forEach(device -> drivers.addAll(device.modules()));
    Map<String, byte[]> modules = parts.kernel().modulesInOrder(MODULES, drivers);
    try (CpioArchive archive =
        new CpioArchive(new BufferedOutputStream(Files.newOutputStream(file)))) {
      archive.file("init", 0755, resource("init.sh"));
      archive.characterDevice("dev/console", 0600, 5, 1);
      for (String folder : List.of("proc", "sys", "lower", "layer", "host")) {
        archive.directory(folder, 0755);
      }
      archive.file("bin/busybox", 0755, Files.readAllBytes(parts.busybox()));
      for (String tool : TOOLS) {
        archive.symbolicLink("bin/" + tool, "busybox");
      }
      for (Map.Entry<String, byte[]> module : modules.entrySet()) {
        archive.file("modules/" + module.getKey() + ".ko", 0644, module.getValue());
      }
      archive.file("lab/modules", 0644, String.join("\n", modules.keySet()) + "\n");
      archive.file("lab/host.sh", 0755, resource("host.sh"));
      archive.file("lab/settings", 0644, settings(options, parts));
      archive.file("lab/command", 0755, command(options, parts.kernel().image(), System.getenv()));
    }
  }

  private static String settings(LabOptions options, LabParts parts) {
    LabKernel kernel = parts.kernel();
    return "release="
        + quote(kernel.release())
        + "\nmodules="
        + quote(kernel.modules().toString())
        + "\nout="
        + (options.out() == null ? "" : quote(options.out().toString()))
        + "\nshell="
        + (options.isShell() ? "yes" : "no")
        + "\nwake="
        + (parts.qemu().release().isAtLeast(QemuRelease.RELIABLE) ? "no" : "yes")
        + "\n";
  }

  /** The script that becomes the command. */
  static String command(LabOptions options, Path kernel, Map<String, String> environment) {
    StringBuilder script = new StringBuilder();
    for (String name : ENVIRONMENT) {
      String value = environment.get(name);
      if (value != null) {
        script.append("export ").append(name).append('=').append(quote(value)).append('\n');
      }
    }
    // The same kernel serves as a guest's, for it is at hand.
    script.append("export JAVELIN_LAB_KERNEL=").append(quote(kernel.toString())).append('\n');
    // The launcher has just built: in the lab, looking for changes would only cost time.
    script.append("export JAVELIN_LAB=").append(quote(options.iommu().toString())).append('\n');
    script.append("export JAVELIN_BUILD=never\n");
    script.append("cd ").append(quote(options.folder().toString())).append(" || exit 125\n");
    if (options.isShell()) {
      script.append(terminalSize());
      script.append("if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi\n");
    } else {
      script.append("exec");
      options.command().forEach(word -> script.append(' ').append(quote(word)));
      script.append('\n');
    }
    return script.toString();
  }

  /** Gives the lab's terminal the size of the user's, which a virtual console does not hear of. */
  private static String terminalSize() {
    try {
      byte[] size = HostPrograms.output(List.of("stty", "-F", "/dev/tty", "size"));
      String[] words = new String(size, StandardCharsets.US_ASCII).strip().split(" ", -1);
      return words.length == 2 ? "stty rows " + words[0] + " columns " + words[1] + "\n" : "";
    } catch (LabException e) {
      return ""; // no terminal
    }
  }

  /** A word as the shell reads it, whatever it holds. */
  static String quote(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Initramfs.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
