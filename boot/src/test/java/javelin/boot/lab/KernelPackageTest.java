package javelin.boot.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KernelPackageTest {
  private static final String CONCRETE = "linux-image-6.1.0-9-amd64";
  private static final String EMPTY_SHA256 =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  @TempDir private Path cache;
  private final ByteArrayOutputStream progress = new ByteArrayOutputStream();

  /** Knows one kernel; its download is a shell script. */
  private record FakeApt(String sum, String downloadScript) implements Apt {
    @Override
    public String cache(String... arguments) {
      String name = arguments[arguments.length - 1];
      if (arguments[0].equals("depends") && name.equals("linux-image-amd64")) {
        return "linux-image-amd64\n  Depends: " + CONCRETE + "\n  Suggests: something\n";
      }
      if (arguments[0].equals("show") && name.equals(CONCRETE)) {
        return "Package: "
            + CONCRETE
            + "\nVersion: 1:6.1.9-1\nSize: 1000000\nSHA256: "
            + sum
            + "\n";
      }
      return "";
    }

    @Override
    public String query(String... arguments) {
      return "";
    }

    @Override
    public Process start(Path folder, Path log, List<String> arguments) throws IOException {
      assertThat(arguments).containsExactly("download", CONCRETE);
      return new ProcessBuilder("sh", "-c", downloadScript)
          .directory(folder.toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start();
    }
  }

  @Test
  void shouldFollowADependencyToThePackageWithTheImage() {
    KernelPackage packages = packages(EMPTY_SHA256, "exit 1");
    assertThat(packages.resolve("linux-image-amd64")).isEqualTo(CONCRETE);
    assertThat(packages.resolve("linux-image-6.12.1-amd64")).isEqualTo("linux-image-6.12.1-amd64");
  }

  @Test
  void shouldNameAPackageThatAptDoesNotKnow() {
    KernelPackage packages = packages(EMPTY_SHA256, "exit 1");
    assertThatThrownBy(() -> packages.kernel("linux-image-none"))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("--kernel linux-image-none: apt knows no such kernel package");
    assertThatThrownBy(() -> packages.kernel("linux-image-5.0"))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("apt knows nothing of this kernel package");
    assertThatThrownBy(() -> packages.kernel("no file; nor package"))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("no such file, and no package name");
  }

  @Test
  void shouldUseAPackageThatIsInTheCacheWithoutFetching() throws IOException {
    LabFixture.kernelImage(cache.resolve(CONCRETE + "_1.6.1.9-1"), "6.1.0-9-amd64");
    Path image = cache.resolve(CONCRETE + "_1.6.1.9-1/boot/vmlinuz");
    Files.move(image, image.resolveSibling("vmlinuz-6.1.0-9-amd64"));
    LabKernel kernel = packages(EMPTY_SHA256, "exit 1").kernel("linux-image-amd64");
    assertThat(kernel.release()).isEqualTo("6.1.0-9-amd64");
    assertThat(progress.size()).isZero();
  }

  @Test
  void shouldLeaveNothingBehindWhenTheDownloadFails() throws IOException {
    KernelPackage packages = packages(EMPTY_SHA256, "echo 'Err:1 no network'; exit 100");
    assertThatThrownBy(() -> packages.kernel("linux-image-amd64"))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("cannot fetch " + CONCRETE)
        .hasMessageContaining("no network");
    assertThat(cached()).containsExactly("lock");
    assertThat(progress.toString(StandardCharsets.UTF_8)).contains("fetching " + CONCRETE);
  }

  @Test
  void shouldRefuseADownloadWithAnotherChecksum() throws IOException {
    KernelPackage packages = packages(EMPTY_SHA256, "echo broken > linux.deb");
    assertThatThrownBy(() -> packages.kernel("linux-image-amd64"))
        .isInstanceOf(LabException.class)
        .hasMessageContaining("SHA-256");
    assertThat(cached()).containsExactly("lock");
  }

  @Test
  void shouldRemoveWhatAnInterruptedDownloadLeft() throws IOException {
    Files.createDirectories(cache.resolve("partial-1/tree"));
    KernelPackage packages = packages(EMPTY_SHA256, "exit 1");
    assertThatThrownBy(() -> packages.kernel("linux-image-amd64")).isInstanceOf(LabException.class);
    assertThat(cached()).containsExactly("lock");
  }

  @Test
  void shouldKeepDownloadsInTheUsersCacheFolder() {
    assertThat(PackageCache.ofUser("/x", "/home/u")).isEqualTo(Path.of("/x/javelin"));
    assertThat(PackageCache.ofUser("relative", "/home/u"))
        .isEqualTo(PackageCache.ofUser(null, "/home/u"))
        .isEqualTo(Path.of("/home/u/.cache/javelin"));
  }

  private KernelPackage packages(String sum, String downloadScript) {
    PrintStream out = new PrintStream(progress, true, StandardCharsets.UTF_8);
    return new KernelPackage(new PackageCache(cache), new FakeApt(sum, downloadScript), out);
  }

  private Stream<String> cached() throws IOException {
    try (Stream<Path> files = Files.list(cache)) {
      return files.map(file -> file.getFileName().toString()).toList().stream();
    }
  }
}
