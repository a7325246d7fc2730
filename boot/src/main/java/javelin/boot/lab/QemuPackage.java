package javelin.boot.lab;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A QEMU of a newer Debian than this machine's may be, with every library that it needs: fetched
 * with apt from the mirror that this machine uses, and unpacked in the user's cache folder. No
 * root, nothing installed, no setting of this machine's apt touched.
 */
final class QemuPackage {
  private static final String DEBIAN = "trixie";
  private static final String SUITE = DEBIAN + "-backports";
  private static final String PACKAGE = "qemu-system-x86";
  private static final Path KEYS = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");

  /** About what QEMU and its libraries are, for the progress. */
  private static final long BYTES = 38_000_000;

  private static final String LIBRARIES = "usr/lib/x86_64-linux-gnu";
  private static final String MIRROR_FORMAT = "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)";
  private static final String MIRROR_OF_DEBIAN = "Debian Debian main ";

  private final PackageCache cache;
  private final Apt apt;
  private final Path keys;
  private final PrintStream progress;

  /**
   * Uses a cache.
   *
   * @param progress told what is fetched
   */
  QemuPackage(PackageCache cache, Apt apt, PrintStream progress) {
    this(cache, apt, KEYS, progress);
  }

  QemuPackage(PackageCache cache, Apt apt, Path keys, PrintStream progress) {
    this.cache = cache;
    this.apt = apt;
    this.keys = keys;
    this.progress = progress;
  }

  /**
   * The program, fetched when it is not here.
   *
   * @throws LabException if it cannot be fetched, or does not start here
   */
  QemuProgram program() {
    Path tree = cache.folder("qemu-" + SUITE, this::fetch);
    Path libraries = tree.resolve(LIBRARIES);
    Path share = tree.resolve("usr/share");
    // By its own loader: the libraries are newer than this machine's may be, the C library too.
    return QemuProgram.of(
        List.of(
            libraries.resolve("ld-linux-x86-64.so.2").toString(),
            "--library-path",
            libraries.toString(),
            tree.resolve("usr/bin/qemu-system-x86_64").toString(),
            "-L",
            share.resolve("qemu").toString(),
            "-L",
            share.resolve("seabios").toString()));
  }

  private void fetch(Path work, Path tree) throws IOException {
    String mirror =
        mirror()
            .orElseThrow(
                () -> new LabException("this machine's apt names no mirror of Debian to ask"));
    if (!Files.isReadable(keys)) {
      throw new LabException("Debian's keys are missing: " + keys);
    }
    progress.printf(
        "javelin: fetching a QEMU of Debian %s (%d MB) into %s ...%n",
        SUITE, BYTES / 1_000_000, cache.path());
    Path archives = work.resolve("cache/archives");
    Files.createDirectories(archives.resolve("partial"));
    Files.createDirectories(work.resolve("lists/partial"));
    Files.createFile(work.resolve("status"));
    String source = "deb [signed-by=" + keys + "] " + mirror + " ";
    Files.writeString(
        work.resolve("sources.list"), source + DEBIAN + " main\n" + source + SUITE + " main\n");
    run(work, new Download("lists of packages", work.resolve("lists"), BYTES), "update");
    Download download = new Download(PACKAGE + " of " + SUITE, archives, BYTES);
    run(work, download, "--yes", "--download-only", "-t", SUITE, "install", PACKAGE);
    progress.println("javelin: unpacking " + PACKAGE + " and its libraries ...");
    for (Path deb : download.packages()) {
      Download.unpack(deb, tree);
    }
  }

  /** The mirror of Debian itself that this machine fetches from, if it is a Debian. */
  private Optional<String> mirror() {
    return apt.query("indextargets", "--format", MIRROR_FORMAT, "Created-By: Packages")
        .lines()
        .filter(line -> line.startsWith(MIRROR_OF_DEBIAN))
        .map(line -> line.substring(MIRROR_OF_DEBIAN.length()))
        .findFirst();
  }

  /** Runs apt on lists, a cache and a record of installed packages of its own: none is. */
  private void run(Path work, Download download, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    for (String setting :
        List.of(
            "Dir::Etc::sourcelist=" + work.resolve("sources.list"),
            "Dir::Etc::sourceparts=-",
            "Dir::Etc::preferences=-",
            "Dir::Etc::preferencesparts=-",
            "Dir::State::lists=" + work.resolve("lists"),
            "Dir::State::status=" + work.resolve("status"),
            "Dir::State::extended_states=" + work.resolve("extended"),
            "Dir::Cache=" + work.resolve("cache"),
            "APT::Install-Recommends=false",
            "APT::Default-Release=",
            "Acquire::Languages=none")) {
      command.add("-o");
      command.add(setting);
    }
    command.addAll(List.of(arguments));
    Path log = work.resolve("apt.log");
    download.await(apt.start(work, log, command), log, progress);
  }
}
