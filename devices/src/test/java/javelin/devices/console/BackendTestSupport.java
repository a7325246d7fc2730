package javelin.devices.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javelin.vmm.event.EventLoop;
import javelin.vmm.linux.Errno;
import javelin.vmm.linux.Fd;
import javelin.vmm.linux.Linux;
import javelin.vmm.linux.NativeMemory;
import javelin.vmm.linux.NoLeaks;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A loop, a port and a check that no descriptor is left open. */
abstract class BackendTestSupport {
  private static final long TIMEOUT_MILLIS = 10_000;

  @TempDir Path folder;
  final Linux linux = Linux.system();
  final RecordingPort port = new RecordingPort();
  final List<String> errors = new CopyOnWriteArrayList<>();
  EventLoop loop;
  private List<String> descriptors;

  /** The native libraries open files of their own at first use. */
  @BeforeAll
  static void useNativeLibraries() {
    new EventLoop(Linux.system(), "warm-up").close();
  }

  @BeforeEach
  void start() {
    descriptors = descriptors();
    loop = new EventLoop(linux, "test loop");
  }

  @AfterEach
  void stop() {
    loop.close();
    assertThat(descriptors()).containsExactlyInAnyOrderElementsOf(descriptors);
  }

  /**
   * What each open descriptor is of; files are the JVM's own, which it opens as it loads classes.
   */
  private static List<String> descriptors() {
    List<String> targets = new ArrayList<>();
    for (File link : new File("/proc/self/fd").listFiles()) {
      try {
        String target = Files.readSymbolicLink(link.toPath()).toString();
        if (!NoLeaks.isOfTheJvm(target)) {
          targets.add(target);
        }
      } catch (IOException e) {
        // The descriptor of the listing itself.
      }
    }
    return targets;
  }

  /** Reads from a descriptor of either kind until {@code length} bytes are there. */
  String read(Fd fd, int length) throws InterruptedException {
    UnsafeBuffer buffer = NativeMemory.allocate(length);
    long deadline = System.currentTimeMillis() + TIMEOUT_MILLIS;
    int done = 0;
    while (done < length && System.currentTimeMillis() < deadline) {
      long count = linux.syscalls().read(fd.number(), buffer.addressOffset() + done, length - done);
      if (count > 0) {
        done += (int) count;
      } else {
        assertThat(count == 0 || Errno.EAGAIN.is(count)).as("read gives %d", count).isTrue();
        Thread.sleep(5);
      }
    }
    byte[] bytes = new byte[done];
    buffer.getBytes(0, bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  void write(Fd fd, String text) {
    UnsafeBuffer buffer = NativeMemory.allocate(text.length());
    buffer.putStringWithoutLengthAscii(0, text);
    long written = linux.syscalls().write(fd.number(), buffer.addressOffset(), text.length());
    assertThat(written).isEqualTo(text.length());
  }
}
