package javelin.boot.lab;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Debian's kernel packages, downloaded with apt and unpacked in the user's cache folder: no root,
 * nothing installed.
 */
final class KernelPackage {
  private static final Pattern CONCRETE = Pattern.compile("linux-image-[0-9]\\S*");
  private static final int BUFFER_BYTES = 1 << 16;

  private final PackageCache cache;
  private final Apt apt;
  private final PrintStream progress;

  /**
   * Uses a cache.
   *
   * @param apt the package manager
   * @param progress told what is fetched
   */
  KernelPackage(PackageCache cache, Apt apt, PrintStream progress) {
    this.cache = cache;
    this.apt = apt;
    this.progress = progress;
  }

  /** The kernel of a package, or of a package that it depends on; fetched when it is not here. */
  LabKernel kernel(String packageName) {
    String concrete = resolve(packageName);
    String record = apt.cache("show", "--no-all-versions", concrete);
    String version = field(record, "Version");
    Path folder =
        cache.folder(
            concrete + "_" + version.replace(':', '.'),
            (work, tree) -> fetch(concrete, record, work, tree));
    try (Stream<Path> images = Files.list(folder.resolve("boot"))) {
      Path image =
          images
              .filter(file -> file.getFileName().toString().startsWith("vmlinuz-"))
              .findFirst()
              .orElseThrow(() -> new LabException(folder + " holds no kernel: remove it"));
      return LabKernel.of(image);
    } catch (IOException e) {
      throw new LabException("cannot read the kernel in " + folder + ": " + e, e);
    }
  }

  /** The package that holds a kernel image: the one named, or what it depends on. */
  String resolve(String packageName) {
    if (!packageName.matches("[a-z0-9][a-z0-9.+-]+")) {
      throw new LabException("--kernel " + packageName + ": no such file, and no package name");
    }
    if (CONCRETE.matcher(packageName).matches()) {
      return packageName;
    }
    String depends = apt.cache("depends", packageName);
    Matcher found = Pattern.compile("Depends: (" + CONCRETE.pattern() + ")").matcher(depends);
    if (!found.find()) {
      throw new LabException(
          "--kernel "
              + packageName
              + ": apt knows no such kernel package (as root: apt update; or name a file)");
    }
    return found.group(1);
  }

  private void fetch(String packageName, String record, Path work, Path tree) throws IOException {
    long size = Long.parseLong(field(record, "Size"));
    progress.printf(
        "javelin: fetching %s (%d MB) into %s ...%n", packageName, size / 1_000_000, cache.path());
    Download download = new Download(packageName, work, size);
    Path log = work.resolve("apt.log");
    download.await(apt.start(work, log, List.of("download", packageName)), log, progress);
    List<Path> packages = download.packages();
    if (packages.size() != 1) {
      throw new LabException("cannot fetch " + packageName + ": apt left " + packages);
    }
    String sum = sha256(packages.get(0));
    if (!sum.equalsIgnoreCase(field(record, "SHA256"))) {
      throw new LabException(
          packageName + ": the download's SHA-256 " + sum + " is not the one that apt records");
    }
    progress.println("javelin: unpacking " + packageName + " ...");
    Download.unpack(packages.get(0), tree);
  }

  private static String field(String record, String name) {
    Matcher found = Pattern.compile("^" + name + ": (\\S+)$", Pattern.MULTILINE).matcher(record);
    if (!found.find()) {
      throw new LabException(
          "apt knows nothing of this kernel package (as root: apt update; or name a file)");
    }
    return found.group(1);
  }

  private static String sha256(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
