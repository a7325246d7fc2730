package javelin.boot.lab;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * A kernel image and the modules that belong to it.
 *
 * @param image the bzImage
 * @param release what {@code uname -r} says under it
 * @param modules the folder of its modules, {@code lib/modules/RELEASE}
 */
public record LabKernel(Path image, String release, Path modules) {
  private static final int SETUP_MAGIC_OFFSET = 0x202;
  private static final int VERSION_POINTER_OFFSET = 0x20E;
  private static final int VERSION_BASE = 0x200;
  private static final int SECTOR_BYTES = 512;
  private static final int SETUP_BYTES = 0x8000;

  /**
   * The kernel of an image in a folder {@code boot}, with the modules of the {@code lib/modules}
   * beside that folder, as a Debian package and an installed system lay them out.
   */
  public static LabKernel of(Path image) {
    String release = release(image);
    Path root = image.toAbsolutePath().normalize().getParent();
    for (; root != null; root = root.getParent()) {
      Path modules = root.resolve("lib/modules").resolve(release);
      if (Files.isRegularFile(modules.resolve("modules.order"))) {
        return new LabKernel(image.toAbsolutePath(), release, modules);
      }
    }
    throw new LabException(
        image
            + ": no modules found for this kernel: put them in lib/modules/"
            + release
            + " beside the image or in a folder above it");
  }

  /**
   * Modules (uncompressed, by name) and all that they depend on, each after those that it needs.
   * What is built into the kernel is left out.
   *
   * @param needed modules that the kernel must have
   * @param wanted modules that are left out if the kernel does not have them
   */
  public Map<String, byte[]> modulesInOrder(Iterable<String> needed, Iterable<String> wanted) {
    try {
      Map<String, Path> files = index("modules.order");
      Set<String> builtIn = index("modules.builtin").keySet();
      Map<String, byte[]> loaded = new LinkedHashMap<>();
      for (String name : needed) {
        collect(name, true, files, builtIn, loaded);
      }
      for (String name : wanted) {
        collect(name, false, files, builtIn, loaded);
      }
      return loaded;
    } catch (IOException e) {
      throw new LabException("cannot read the modules in " + modules + ": " + e.getMessage(), e);
    }
  }

  private void collect(
      String name,
      boolean needed,
      Map<String, Path> files,
      Set<String> builtIn,
      Map<String, byte[]> loaded)
      throws IOException {
    Path file = files.get(name);
    if (loaded.containsKey(name) || builtIn.contains(name) || (file == null && !needed)) {
      return;
    }
    if (file == null) {
      throw new LabException("kernel " + release + " has no module " + name);
    }
    byte[] bytes = read(file);
    try {
      ModuleInfo.Dependencies dependencies = ModuleInfo.dependencies(bytes);
      for (String dependency : dependencies.needed()) {
        collect(dependency, true, files, builtIn, loaded);
      }
      for (String dependency : dependencies.wanted()) {
        collect(dependency, false, files, builtIn, loaded);
      }
    } catch (IllegalArgumentException e) {
      throw new LabException(file + " is " + e.getMessage(), e);
    }
    loaded.put(name, bytes);
  }

  private Map<String, Path> index(String list) throws IOException {
    Map<String, Path> files = new HashMap<>();
    for (String line : Files.readAllLines(modules.resolve(list))) {
      String file = line.substring(line.lastIndexOf('/') + 1).replaceFirst("\\.ko.*", "");
      files.put(file.replace('-', '_'), modules.resolve(line));
    }
    return files;
  }

  /** Reads a module, which may be compressed though modules.order names it without that. */
  private static byte[] read(Path file) throws IOException {
    if (Files.exists(file)) {
      return Files.readAllBytes(file);
    }
    Path gz = file.resolveSibling(file.getFileName() + ".gz");
    if (Files.exists(gz)) {
      try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(Files.readAllBytes(gz)))) {
        return in.readAllBytes();
      }
    }
    for (String program : List.of("xz", "zstd")) {
      Path compressed =
          file.resolveSibling(file.getFileName() + (program.equals("xz") ? ".xz" : ".zst"));
      if (Files.exists(compressed)) {
        String tool = HostPrograms.find(program).toString();
        List<String> command = new ArrayList<>(List.of(tool, "-dc", compressed.toString()));
        return HostPrograms.output(command);
      }
    }
    throw new IOException(file + " is missing");
  }

  /** Reads the version that the boot header of a bzImage points to. */
  private static String release(Path image) {
    byte[] setup;
    try (InputStream in = Files.newInputStream(image)) {
      setup = in.readNBytes(SETUP_BYTES);
    } catch (IOException e) {
      throw new LabException("cannot read kernel " + image + ": " + e.getMessage(), e);
    }
    if (setup.length < VERSION_BASE + SECTOR_BYTES
        || !new String(setup, SETUP_MAGIC_OFFSET, 4, StandardCharsets.US_ASCII).equals("HdrS")) {
      throw new LabException(
          image + " is no Linux bzImage (its boot header is missing): give --kernel another file");
    }
    int at =
        VERSION_BASE
            + Byte.toUnsignedInt(setup[VERSION_POINTER_OFFSET])
            + 256 * Byte.toUnsignedInt(setup[VERSION_POINTER_OFFSET + 1]);
    if (at == VERSION_BASE || at >= setup.length) {
      throw new LabException(image + " does not say which release of Linux it is");
    }
    String version = new String(setup, at, setup.length - at, StandardCharsets.US_ASCII);
    return version.split("[ \\x00]", 2)[0];
  }
}
