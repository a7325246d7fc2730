package javelin.boot.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class QemuPackageTest {
  private static final String MIRROR = "mirror://debian/";

  @TempDir private Path folder;
  private final List<List<String>> runs = new ArrayList<>();
  private final ByteArrayOutputStream progress = new ByteArrayOutputStream();
  private String targets = "Debian Debian-Security main other://x/\nDebian Debian main " + MIRROR;
  private String script = "exit 0";
  private Path cache;
  private Path keys;

  @BeforeEach
  void prepare() throws IOException {
    cache = folder.resolve("cache");
    keys = Files.createFile(folder.resolve("keys.gpg"));
  }

  /** Its downloads are a shell script. */
  private final class FakeApt implements Apt {
    @Override
    public String cache(String... arguments) {
      return "";
    }

    @Override
    public String query(String... arguments) {
      assertThat(arguments).startsWith("indextargets");
      return targets;
    }

    @Override
    public Process start(Path work, Path log, List<String> arguments) throws IOException {
      runs.add(arguments);
      return new ProcessBuilder("sh", "-c", script)
          .directory(work.toFile())
          .redirectErrorStream(true)
          .redirectOutput(log.toFile())
          .start();
    }
  }

  private QemuProgram program() {
    PrintStream out = new PrintStream(progress, true, UTF_8);
    return new QemuPackage(new PackageCache(cache), new FakeApt(), keys, out).program();
  }

  /** A package whose program loader is a shell script that answers as QEMU does. */
  private void offerPackage() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/dpkg-deb")), "needs dpkg-deb");
    Path content = Files.createDirectories(folder.resolve("content"));
    Path control = Files.createDirectories(content.resolve("DEBIAN"));
    Files.writeString(
        control.resolve("control"),
        "Package: q\nVersion: 1\nArchitecture: all\nMaintainer: none\nDescription: test\n");
    Path libraries = Files.createDirectories(content.resolve("usr/lib/x86_64-linux-gnu"));
    LabFixture.program(
        libraries, "ld-linux-x86-64.so.2", "echo QEMU emulator version 11.1.3; echo \"$@\"");
    Process build =
        new ProcessBuilder("dpkg-deb", "-b", content.toString(), folder.resolve("q.deb").toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(build.waitFor()).isZero();
    script = "cp sources.list " + folder + "; cp " + folder.resolve("q.deb") + " cache/archives/";
  }

  @Test
  void shouldUnpackWhatAptFetchesAndStartItWithItsOwnLibraries() throws Exception {
    offerPackage();
    QemuProgram program = program();
    assertThat(program.release()).isEqualTo(new QemuRelease(11, 1));
    assertThat(program.command().get(0)).startsWith(cache.toString());
    assertThat(program.command()).contains("--library-path").doesNotContain("--version");
    assertThat(Files.readString(folder.resolve("sources.list")))
        .contains("deb [signed-by=" + keys + "] " + MIRROR + " trixie main")
        .contains(MIRROR + " trixie-backports main")
        .doesNotContain("other://");
    assertThat(runs).hasSize(2);
    assertThat(runs.get(0)).endsWith("update");
    assertThat(runs.get(1))
        .endsWith("--download-only", "-t", "trixie-backports", "install", "qemu-system-x86");
  }

  @Test
  void shouldUseWhatIsInTheCacheWithoutAskingApt() throws Exception {
    offerPackage();
    QemuProgram first = program();
    runs.clear();
    assertThat(program()).isEqualTo(first);
    assertThat(runs).isEmpty();
  }

  @Test
  void shouldTouchNoSettingOfTheMachinesApt() throws Exception {
    offerPackage();
    program();
    assertThat(runs)
        .allSatisfy(
            arguments ->
                assertThat(arguments)
                    .contains("Dir::Etc::sourceparts=-")
                    .anyMatch(word -> word.startsWith("Dir::State::lists=" + cache))
                    .anyMatch(word -> word.startsWith("Dir::State::status=" + cache))
                    .anyMatch(word -> word.startsWith("Dir::Cache=" + cache)));
  }

  @Test
  void shouldLeaveNothingBehindWhenTheDownloadFails() throws IOException {
    script = "echo 'Err:1 no network'; exit 100";
    assertThatThrownBy(this::program)
        .isInstanceOf(LabException.class)
        .hasMessageContaining("cannot fetch")
        .hasMessageContaining("no network");
    try (Stream<Path> files = Files.list(cache)) {
      assertThat(files.map(file -> file.getFileName().toString())).containsExactly("lock");
    }
  }

  @Test
  void shouldSayThatAMachineHasNoMirrorOfDebian() {
    targets = "Ubuntu Ubuntu main mirror://ubuntu/\n";
    assertThatThrownBy(this::program)
        .isInstanceOf(LabException.class)
        .hasMessageContaining("names no mirror of Debian");
    assertThat(runs).isEmpty();
  }

  @Test
  void shouldSayThatTheKeysAreMissing() {
    keys = folder.resolve("missing.gpg");
    assertThatThrownBy(this::program)
        .isInstanceOf(LabException.class)
        .hasMessageContaining("Debian's keys are missing: " + keys);
  }
}
