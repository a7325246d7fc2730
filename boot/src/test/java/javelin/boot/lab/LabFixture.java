package javelin.boot.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;

/** Labs and kernels for tests, without QEMU or Debian. */
final class LabFixture {
  private LabFixture() {}

  static LabOptions options(Iommu iommu, Duration timeout, String... devices) {
    return new LabOptions(
        iommu,
        List.of(devices).stream().map(LabDevice::parse).toList(),
        LabOptions.DEFAULT_KERNEL,
        "",
        null,
        1L << 30,
        2,
        null,
        timeout,
        false,
        Path.of("/tmp"),
        List.of("true"));
  }

  /** {@code plain} with another command line of the kernel, folder for output, and command. */
  static LabOptions with(LabOptions plain, String append, Path out, List<String> command) {
    return new LabOptions(
        plain.iommu(),
        plain.devices(),
        plain.kernel(),
        append,
        plain.qemu(),
        plain.memory(),
        plain.cpus(),
        out,
        plain.timeout(),
        plain.keep(),
        plain.folder(),
        command);
  }

  /**
   * A kernel image of the given release, {@code folder/boot/vmlinuz}, with all modules built in.
   */
  static Path kernelImage(Path folder, String release) throws IOException {
    byte[] image = new byte[0x1000];
    image[0x20E] = 0x00;
    image[0x20F] = 0x04;
    put(image, 0x202, "HdrS");
    put(image, 0x600, release + " (someone@somewhere) #1 SMP");
    Path file = folder.resolve("boot/vmlinuz");
    Files.createDirectories(file.getParent());
    Files.write(file, image);
    Path modules = Files.createDirectories(folder.resolve("lib/modules/" + release));
    Files.writeString(modules.resolve("modules.order"), "");
    Files.writeString(
        modules.resolve("modules.builtin"),
        """
        kernel/virtio_pci.ko
        kernel/virtio_console.ko
        kernel/9pnet_virtio.ko
        kernel/9p.ko
        kernel/overlay.ko
        kernel/kvm-amd.ko
        kernel/vfio_iommu_type1.ko
        kernel/vfio-pci.ko
        """);
    return file;
  }

  /** Parts of which only the release of QEMU counts. */
  static LabParts parts(Path folder, QemuProgram qemu) throws IOException {
    LabKernel kernel = LabKernel.of(kernelImage(folder, "6.1.0-test"));
    return new LabParts(kernel, qemu, program(folder, "busybox", ""));
  }

  /** A program that runs a shell script. */
  static Path program(Path folder, String name, String script) throws IOException {
    Path file = folder.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private static void put(byte[] bytes, int at, String text) {
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, bytes, at, ascii.length);
  }
}
