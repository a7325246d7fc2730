package javelin.devices.virtio.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javelin.devices.virtio.bench.ModelRing;
import javelin.devices.virtio.bench.StateBench;
import javelin.devices.virtio.vhostuser.BackEnd;
import javelin.vmm.linux.ErrnoException;
import javelin.vmm.linux.Linux;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file of the host's, read through the virtiofsd that is installed here, by requests of FUSE as a
 * guest's driver makes them (uapi linux/fuse.h).
 */
@Timeout(60)
class VirtiofsdTest {
  private static final int LOOKUP = 1;
  private static final int OPEN = 14;
  private static final int READ = 15;
  private static final int INIT = 26;

  private static final long REQUEST = StateBench.BUFFERS;
  private static final long REPLY = StateBench.BUFFERS + 0x1_0000;
  private static final int REPLY_LENGTH = 0x2000;
  private static final int IN_HEADER = 40;
  private static final int OUT_HEADER = 16;
  private static final long ROOT = 1;

  @TempDir Path folder;
  private Process process;
  private StateBench bench;
  private int requests;

  @BeforeEach
  void start() throws Exception {
    Path ofQemu = Path.of("/usr/lib/qemu/virtiofsd");
    Path own = Path.of("/usr/libexec/virtiofsd");
    assumeTrue(Files.isExecutable(ofQemu) || Files.isExecutable(own), "virtiofsd is not installed");
    assumeTrue(System.getProperty("user.name").equals("root"), "virtiofsd wants to be root here");
    Path shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(shared.resolve("file"), "read by way of virtio-fs");
    String socket = folder.resolve("socket").toString();
    String listening = "--socket-path=" + socket;
    Path log = folder.resolve("log");
    process =
        new ProcessBuilder(
                Files.isExecutable(own)
                    ? List.of(own.toString(), listening, "--shared-dir=" + shared)
                    : List.of(ofQemu.toString(), "-f", listening, "-o", "source=" + shared))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    BackEnd backEnd = connect(socket, log);
    bench =
        new StateBench(
            "virtiofsd test",
            machine -> new VirtioFs("share", "virtiofsd", backEnd, machine.memory, machine.loop));
  }

  private BackEnd connect(String socket, Path log) throws Exception {
    while (true) {
      try {
        return BackEnd.connect(Linux.system(), socket);
      } catch (ErrnoException e) {
        boolean mayRun = !process.waitFor(20, TimeUnit.MILLISECONDS);
        assumeTrue(mayRun, () -> "virtiofsd does not run here: " + read(log));
      }
    }
  }

  private static String read(Path log) {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  @AfterEach
  void end() throws Exception {
    if (bench != null) {
      bench.close();
    }
    if (process != null) {
      boolean hasEnded = process.waitFor(10, TimeUnit.SECONDS);
      process.destroyForcibly();
      assertThat(hasEnded).as("it ends with the connection").isTrue();
    }
  }

  /** Sends a request with {@code length} bytes behind its header; returns its error, 0 for none. */
  private int request(int operation, long node, int length) {
    bench.memory.fill(REQUEST, IN_HEADER, 0);
    bench.memory.writeU32(REQUEST, IN_HEADER + length);
    bench.memory.writeU32(REQUEST + 4, operation);
    bench.memory.writeU64(REQUEST + 8, ++requests);
    bench.memory.writeU64(REQUEST + 16, node);
    ModelRing ring = bench.rings.get(1);
    int before = ring.usedIndex();
    ring.send(
        2,
        REQUEST,
        IN_HEADER,
        REQUEST + IN_HEADER,
        length,
        REPLY,
        OUT_HEADER,
        REPLY + OUT_HEADER,
        REPLY_LENGTH);
    bench.state.event(1).signal(); // As KVM does.
    bench.await(() -> ring.usedIndex() == (before + 1 & 0xffff));
    assertThat(bench.memory.readU64(REPLY + 8)).isEqualTo(requests);
    return (int) bench.memory.readU32(REPLY + 4);
  }

  private void initialize() {
    bench.memory.fill(REQUEST + IN_HEADER, 64, 0);
    bench.memory.writeU32(REQUEST + IN_HEADER, 7);
    bench.memory.writeU32(REQUEST + IN_HEADER + 4, 31);
    assertThat(request(INIT, 0, 16)).isZero();
    assertThat(bench.memory.readU32(REPLY + OUT_HEADER)).isEqualTo(7);
  }

  private String readFile() {
    byte[] name = "file\0".getBytes(StandardCharsets.US_ASCII);
    bench.memory.write(REQUEST + IN_HEADER, name);
    assertThat(request(LOOKUP, ROOT, name.length)).isZero();
    long node = bench.memory.readU64(REPLY + OUT_HEADER);
    bench.memory.fill(REQUEST + IN_HEADER, 64, 0);
    assertThat(request(OPEN, node, 8)).isZero();
    long handle = bench.memory.readU64(REPLY + OUT_HEADER);
    bench.memory.fill(REQUEST + IN_HEADER, 64, 0);
    bench.memory.writeU64(REQUEST + IN_HEADER, handle);
    bench.memory.writeU32(REQUEST + IN_HEADER + 16, 4096);
    assertThat(request(READ, node, 40)).isZero();
    byte[] data = new byte[(int) bench.memory.readU32(REPLY) - OUT_HEADER];
    bench.memory.read(REPLY + OUT_HEADER, data, 0, data.length);
    return new String(data, StandardCharsets.UTF_8);
  }

  @Test
  void shouldReadAFileOfTheHostAlsoAfterAReset() {
    for (int i = 0; i < 2; i++) {
      bench.start(0, 64);
      initialize();
      assertThat(readFile()).isEqualTo("read by way of virtio-fs");
      bench.state.reset();
    }
    assertThat(bench.problems).isEmpty();
  }

  @Test
  void shouldReportWhenVirtiofsdDies() {
    bench.start(0, 64);
    initialize();
    process.destroyForcibly();
    // Told after the status is set, by the thread that watches the back end.
    bench.await(() -> bench.needsReset() && !bench.problems.isEmpty());
    assertThat(bench.problems)
        .containsExactly("its back end, virtiofsd, has ended; the device works no longer");
  }
}
